-- Room for what customers send, taken before the bytes come, so that a plan's maxima hold however
-- many come at a time; and when the bytes of a batch that its run has read were removed.

create table intake_room (
    tenant text not null references tenant (tenant),
    -- of the file or batch to be
    id text not null,
    bytes bigint not null,
    files bigint not null,
    -- who comes to no end does not keep it
    expires_at bigint not null,
    primary key (tenant, id)
);

alter table push add column removed_at bigint;
create index push_kept on push (tenant, run) where removed_at is null;

-- Postgres only from here
alter table intake_room enable row level security;
alter table intake_room force row level security;
create policy own_tenant on intake_room using (
    tenant = nullif(current_setting('app.tenant', true), '')
    or current_setting('app.system', true) = 'on');
