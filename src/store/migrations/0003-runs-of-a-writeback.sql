-- works with: 1
-- The newest runs of one writeback are found without reading past those of all others.
create index run_writeback on run (writeback_id, id);
