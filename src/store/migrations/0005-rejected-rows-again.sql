-- works with: 5
-- What it takes to try rejected rows again. Older workers would write the whole DataSet in place of these rows, so they stop.

-- Null: there was no room for the row's cells.
alter table rejected_row alter column cells drop not null;

-- The DataSet that a run's rejected rows are of, as it was: without its columns their cells mean nothing.
create table rejected_dataset (
  run_id text primary key references run on delete cascade,
  dataset jsonb not null
);

-- Of a run that tries rejected rows again: whose they are, and as which run it writes. No reference: when that run is removed,
-- so are its rows, and this one says so.
alter table run add column retries jsonb;
