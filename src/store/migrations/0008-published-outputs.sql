-- works with: 5
-- Output DataSets that are published to Domo.

create table published_output (
  writeback_id text primary key references writeback on delete cascade,
  -- The run after which it was wished last: it is told what goes wrong. No reference, as of output_row.
  run_id text not null,
  -- Null while there is nothing to do.
  next_try_at timestamptz,
  tries integer not null default 0,
  last_error text,
  -- DataSet and stream; null until they are made.
  place jsonb,
  -- What lies there: the columns, and the last row in the order of output_row.
  published jsonb,
  published_at timestamptz,
  -- An execution that was begun, and what will lie there once it has succeeded.
  execution jsonb
);
create index published_output_next on published_output (next_try_at) where next_try_at is not null;
