-- works with: 1
-- The first tables. Names of constraints and indexes are told here where the code asks for them.

create table person (
  id text primary key,
  email text not null,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'editor', 'connector-developer', 'reviewer', 'admin')),
  password_hash text,
  oidc_issuer text,
  oidc_subject text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  seen_at timestamptz,
  disabled_at timestamptz,
  unique (oidc_issuer, oidc_subject)
);
create unique index person_email on person (lower(email));

create table session (
  id text primary key,
  person_id text not null references person on delete cascade,
  token_hash bytea not null unique,
  address text,
  user_agent text,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index session_person on session (person_id);

create table api_key (
  id text primary key,
  person_id text not null references person on delete cascade,
  name text not null,
  token_hash bytea not null unique,
  hint text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index api_key_person on api_key (person_id);

-- One row: what all processes of the installation must agree on.
create table installation (
  only_one boolean primary key default true check (only_one),
  -- The id of the master key that seals what is new.
  master_key text not null,
  created_at timestamptz not null default now()
);

-- What a call that bore an Idempotency-Key was answered, so that the same call again does nothing again.
create table idempotency_key (
  person_id text not null references person on delete cascade,
  key text not null,
  -- SHA-256 of what was asked: the same key for something else is refused.
  request_hash bytea not null,
  status integer,
  answer jsonb,
  created_at timestamptz not null default now(),
  primary key (person_id, key)
);
create index idempotency_key_created on idempotency_key (created_at);

create table account (
  id text primary key,
  connector text not null,
  name text not null,
  -- Fields that are no secret, as plain data; and the sealed ones, by field id.
  credentials jsonb not null,
  secrets jsonb not null default '{}',
  state text not null default 'untested' check (state in ('untested', 'valid', 'invalid')),
  tested_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table account_share (
  account_id text not null references account on delete cascade,
  person_id text not null references person on delete cascade,
  access text not null check (access in ('owner', 'edit', 'share', 'read')),
  primary key (account_id, person_id)
);
create index account_share_person on account_share (person_id);

create table local_dataset (
  id text primary key,
  name text not null,
  owner_id text not null references person,
  co_owner_ids text[] not null default '{}',
  columns jsonb not null,
  row_count bigint not null,
  byte_count bigint not null,
  file text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table writeback (
  id text primary key,
  name text not null,
  description text not null default '',
  tags text[] not null default '{}',
  owner_id text not null references person,
  connector text not null,
  account_id text references account,
  -- The Domo account that the DataSet is read with.
  source_account_id text references account,
  -- The newest row of writeback_version; what a run does is told there.
  version integer not null,
  state text not null default 'active' check (state in ('active', 'paused')),
  paused_because text,
  -- Given out to runs, which are numbered per writeback without gaps.
  last_run_number integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index writeback_owner on writeback (owner_id);
create index writeback_account on writeback (account_id);
create index writeback_source_account on writeback (source_account_id);

create table writeback_version (
  writeback_id text not null references writeback on delete cascade,
  version integer not null,
  definition jsonb not null,
  changed_by text references person,
  created_at timestamptz not null default now(),
  primary key (writeback_id, version)
);

create table schedule (
  writeback_id text primary key references writeback on delete cascade,
  -- As the person stated it; next_due_at is what follows from it.
  definition jsonb not null,
  next_due_at timestamptz,
  last_due_at timestamptz
);
create index schedule_due on schedule (next_due_at) where next_due_at is not null;

create table run (
  id text primary key,
  writeback_id text not null references writeback on delete cascade,
  version integer not null,
  number integer not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'canceled')),
  cause text not null check (cause in ('manual', 'schedule', 'change', 'after', 'rejected-rows')),
  -- The time of the schedule that this run answers: two schedulers make one run of it.
  due_at timestamptz,
  dry_run boolean not null default false,
  requested_by text references person,
  -- Counts from 1; every write of a worker carries it, so that a worker that was given up is refused.
  attempt integer not null default 0,
  worker text,
  queued_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  rows_rejected bigint not null default 0,
  bytes bigint not null default 0,
  error jsonb,
  receipt jsonb,
  unique (writeback_id, number)
);
-- The truth of "one active run per writeback".
create unique index run_live on run (writeback_id) where state in ('queued', 'running');
create unique index run_due on run (writeback_id, due_at) where due_at is not null;
create index run_state on run (state, id);

create table part (
  run_id text not null references run on delete cascade,
  number integer not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed', 'canceled')),
  attempt integer not null default 0,
  definition jsonb not null,
  checkpoint jsonb,
  delivered jsonb,
  error jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (run_id, number)
);

create table run_event (
  id bigint generated by default as identity primary key,
  run_id text not null references run on delete cascade,
  attempt integer not null,
  at timestamptz not null default now(),
  kind text not null check (kind in ('state', 'progress', 'log')),
  level text check (level in ('debug', 'info', 'warn', 'error')),
  message text not null,
  rows bigint,
  bytes bigint,
  fields jsonb not null default '{}'
);
create index run_event_run on run_event (run_id, id);

create table rejected_row (
  run_id text not null references run on delete cascade,
  -- Counts from 1 within the run; row counts data rows of the DataSet from 1.
  number integer not null,
  row bigint not null,
  "column" text,
  reason text not null,
  -- The row as it came: its cells as CSV, so that it can be tried again.
  cells text not null,
  primary key (run_id, number)
);

create table output_row (
  writeback_id text not null references writeback on delete cascade,
  -- No reference: the output DataSet outlives the history of runs.
  run_id text not null,
  number integer not null,
  cells jsonb not null,
  primary key (writeback_id, run_id, number)
);

create table audit (
  seq bigint primary key,
  at timestamptz not null,
  -- Ids as text, without references: the entry outlives what it speaks of.
  actor text not null,
  action text not null,
  target text not null,
  details jsonb not null,
  previous_hash bytea not null,
  hash bytea not null
);
create index audit_target on audit (target, seq);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is only ever added to';
end $$;
create trigger audit_append_only before update or delete on audit
  for each row execute function refuse_change();
create trigger audit_not_emptied before truncate on audit
  for each statement execute function refuse_change();
