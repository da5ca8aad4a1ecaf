-- What people found out about records in doubt. The index follows; this says who said so.
create table record_settlement (
    tenant text not null,
    integration text not null,
    key_hash bytea not null,
    no bigint not null,
    state text not null,
    external_id text,
    note text,
    settled_by text not null,
    settled_at bigint not null,
    primary key (tenant, integration, key_hash, no)
);

-- Postgres only from here
alter table record_settlement enable row level security;
alter table record_settlement force row level security;
create policy own_tenant on record_settlement using (
    tenant = nullif(current_setting('app.tenant', true), '')
    or current_setting('app.system', true) = 'on');
