-- What customers send by themselves: files (uploads) and records (pushes). The bytes are in the lake;
-- a row comes after its object.

create table upload (
    tenant text not null references tenant (tenant),
    connection text not null,
    -- the sender's
    name text not null,
    -- from 1; another content under the same name is the next one
    version bigint not null,
    -- 1 for the last version of each name
    newest bigint not null check (newest in (0, 1)),
    id text not null,
    state text not null check (state in ('ready', 'archived', 'deleted')),
    sha256 bytea not null,
    bytes bigint not null,
    -- folder of the pieces, how many, and the length of each but the last
    object text not null,
    pieces bigint not null,
    piece_bytes bigint not null,
    -- the client's id
    sent_by text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant, connection, name, version)
);
create unique index upload_newest on upload (tenant, connection, name) where newest = 1;

create table push (
    tenant text not null references tenant (tenant),
    integration text not null,
    -- in the order in which they were accepted, from 1 without gaps
    seq bigint not null,
    id text not null,
    idempotency_key text not null,
    -- of the body as received
    sha256 bytea not null,
    rows bigint not null,
    accepted bigint not null,
    refused bigint not null,
    -- object with the places and reasons, if any were refused
    refusals text,
    -- the accepted rows
    bytes bigint not null,
    object text not null,
    pieces bigint not null,
    piece_bytes bigint not null,
    sent_by text not null,
    -- the one run that has it
    run text,
    created_at bigint not null,
    primary key (tenant, integration, seq)
);
create unique index push_key on push (tenant, integration, idempotency_key);
create unique index push_id on push (tenant, id);
create index push_waiting on push (tenant, integration, seq) where run is null;
create index push_of_run on push (tenant, run, seq) where run is not null;

-- Postgres only from here
do $$
declare
    name text;
begin
    foreach name in array array['upload', 'push']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_tenant on %I using (
            tenant = nullif(current_setting(''app.tenant'', true), '''')
            or current_setting(''app.system'', true) = ''on'')', name);
    end loop;
end
$$;
