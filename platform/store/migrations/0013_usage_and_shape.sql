-- What the connectors of a run used, and what the run saw of its source.

-- JSON by side: CPU, memory, bytes, calls into the host
alter table run add column usage text;
-- JSON: the names that the source's rows had
alter table run add column source_shape text;
-- JSON array: how they differ from what was expected
alter table run add column drift text;
