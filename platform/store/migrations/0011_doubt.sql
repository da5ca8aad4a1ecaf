-- What the ledger keeps of calls that left and were never recorded, and of targets that ask for time.

-- the records that `batch.intent` names, 68 bytes each: key hash, content hash, resend (u32, little
-- endian); what is left of them goes into the index when the batch ends without a result
alter table batch add column intent_records bytea;
-- when the first call with the key `held_resend` was about to leave
alter table record_index add column sent_at bigint;
-- the target asked to slow down: no batch of the run goes out before this
alter table run add column slow_until bigint;
-- when the present attempt began; started_at is that of the first
alter table run add column attempt_started_at bigint;
create index batch_in_doubt on batch (tenant, run) where intent_records is not null;
-- a claim takes from each tenant in turn
create index work_due_of_tenant on work (tenant, due_at, id) where due_at is not null;
