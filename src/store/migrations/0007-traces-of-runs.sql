-- works with: 5
-- What a run's spans belong to, whoever works on it (W3C Trace Context); null where nothing is traced.
alter table run add column traceparent text;
