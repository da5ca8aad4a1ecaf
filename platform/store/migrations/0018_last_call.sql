-- When the last call left of those whose outcome is not known: until some time after it the call may
-- still be at work at the target. `first_sent_at` and `sent_at` tell when the first one did, from which
-- the target's memory for keys counts.

-- null while calls may be under way
alter table batch add column last_sent_at bigint;
-- null: as `sent_at`
alter table record_index add column last_sent_at bigint;
