-- What the mapping language and delivery promise, kept by the ledger.

-- versions of the tenant's lookup tables by name, JSON; null: a run from before they were pinned
alter table run add column lookups text;
-- 1 while every batch is to be mapped before the first is delivered (rules that may stop the run)
alter table run add column delivery_held bigint not null default 0;
-- circuit breaker: calls in a row without a proper answer, pauses in a row, end of this pause
alter table run add column failed_calls bigint not null default 0;
alter table run add column pauses bigint not null default 0;
alter table run add column resume_at bigint;

-- what calls that may have left were sent with: JSON [[ordinal, resend], ...], those with a resend
-- above 0 only; set before the first call, null again when the attempt is recorded
alter table batch add column intent text;

-- number that the next key of the record must differ from; and that of what the target holds
alter table record_index add column resend bigint;
alter table record_index add column held_resend bigint;

-- figures of a mapped batch that waits for the rules of its run, JSON
create table batch_check (
    tenant text not null,
    run text not null,
    partition bigint not null,
    batch bigint not null,
    figures text not null,
    updated_at bigint not null,
    primary key (tenant, run, partition, batch),
    foreign key (tenant, run, partition, batch) references batch (tenant, run, partition, no)
);

-- objects of the lake that hold what connectors logged
create table run_log (
    tenant text not null,
    run text not null,
    object text not null,
    bytes bigint not null,
    created_at bigint not null,
    primary key (tenant, run, object),
    foreign key (tenant, run) references run (tenant, id)
);
