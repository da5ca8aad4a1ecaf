-- Portable. What people found out about records in doubt. The index follows; this says who said so.
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
