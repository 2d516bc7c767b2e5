-- works with: 5
-- Runs in parts: what the finish needs to know, and how far each part is.

-- Set while the run is done in parts.
alter table run add column plan jsonb;

-- How often the part failed and was queued again; an attempt that a crash ended is none of them.
alter table part add column failures integer not null default 0;
alter table part add column rows bigint not null default 0;
alter table part add column bytes bigint not null default 0;
-- Nothing was ever written there: a part that is begun again is begun from the start.
alter table part drop column checkpoint;
