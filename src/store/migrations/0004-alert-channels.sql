-- works with: 1
-- Where alerts go, as people saved it. What the environment of a process names stands in no table.
create table alert_channel (
  id text primary key,
  kind text not null check (kind in ('email', 'slack', 'webhook')),
  name text not null,
  owner_id text not null references person,
  -- Fields that are no secret, as plain data; and the sealed ones, by field id.
  credentials jsonb not null,
  secrets jsonb not null default '{}',
  -- Told of every writeback that names no channels.
  is_default boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Channels that fail, also those of an environment: they are left in peace for a while.
create table channel_health (
  channel_id text primary key,
  failures integer not null,
  rests_until timestamptz not null,
  last_error text not null,
  failed_at timestamptz not null default now()
);
