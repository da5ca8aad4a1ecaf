-- Portable: one text for SQLite and Postgres. Never edited once released; add a file instead.
-- Every key starts with tenant, except for what belongs to the platform itself
-- (tenant, client, connector). Times are milliseconds since 1970 by the database's clock,
-- documents are JSON text, hashes are bytea (SQLite keeps blobs in it as they are).
-- "/* clustered */" becomes "without rowid" on SQLite: the table is its own primary key.

create table tenant (
    tenant text not null primary key,
    title text not null,
    document text not null,
    digest bytea not null,
    origin text not null check (origin in ('applied', 'person')),
    applied_digest bytea,
    version bigint not null,
    wrapped_key text not null,
    last_run_no bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table client (
    client_id text not null primary key,
    tenant text,
    role text not null,
    secret_hash text not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table connector (
    name text not null,
    version text not null,
    digest text not null,
    manifest text not null,
    component text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (name, version)
);

-- connections, mappings, integrations, lookups: what they have in common
create table document (
    tenant text not null references tenant (tenant),
    kind text not null check (kind in ('connection', 'mapping', 'integration', 'lookup')),
    name text not null,
    version bigint not null,
    digest bytea not null,
    origin text not null check (origin in ('applied', 'person')),
    applied_digest bytea,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (tenant, kind, name)
);

create table document_version (
    tenant text not null,
    kind text not null,
    name text not null,
    version bigint not null,
    content text not null,
    origin text not null,
    created_at bigint not null,
    primary key (tenant, kind, name, version),
    foreign key (tenant, kind, name) references document (tenant, kind, name)
);

-- secrets have no history: the old ones are gone when new ones come
create table connection_secret (
    tenant text not null references tenant (tenant),
    name text not null,
    sealed bytea not null,
    fingerprint bytea not null,
    updated_at bigint not null,
    primary key (tenant, name)
);

create table run (
    tenant text not null references tenant (tenant),
    id text not null,
    no bigint not null,
    integration text not null,
    integration_version bigint not null,
    mapping_revision bigint not null,
    connectors text not null,
    mode text not null check (mode in ('full', 'incremental')),
    cause text not null,
    idempotency_key text,
    state text not null check (state in ('queued', 'planning', 'running', 'paused', 'succeeded',
        'completed_with_errors', 'failed', 'cancelling', 'cancelled')),
    active bigint not null check (active in (0, 1)),
    attempt bigint not null,
    problem text,
    report text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    updated_at bigint not null,
    primary key (tenant, id)
);
create unique index run_no on run (tenant, no);
create unique index run_idempotency_key on run (tenant, idempotency_key) where idempotency_key is not null;
create unique index run_one_active on run (tenant, integration) where active = 1;
create index run_by_integration on run (tenant, integration, id);
create index run_active on run (updated_at) where active = 1;

create table run_event (
    tenant text not null,
    run text not null,
    seq bigint not null,
    at bigint not null,
    from_state text,
    to_state text not null,
    note text,
    primary key (tenant, run, seq),
    foreign key (tenant, run) references run (tenant, id)
);

create table partition (
    tenant text not null,
    run text not null,
    no bigint not null,
    descriptor text not null,
    state text,
    done bigint not null check (done in (0, 1)),
    updated_at bigint not null,
    primary key (tenant, run, no),
    foreign key (tenant, run) references run (tenant, id)
);

create table page (
    tenant text not null,
    run text not null,
    partition bigint not null,
    no bigint not null,
    object text not null,
    format text not null,
    source text not null,
    first_line bigint not null,
    first_offset bigint not null,
    rows bigint not null,
    bytes bigint not null,
    created_at bigint not null,
    primary key (tenant, run, partition, no),
    foreign key (tenant, run, partition) references partition (tenant, run, no)
);

-- the counters are those of the last finished attempt; an open batch counts as pending
create table batch (
    tenant text not null,
    run text not null,
    partition bigint not null,
    no bigint not null,
    input text not null,
    rows bigint not null,
    records bigint not null,
    state text not null check (state in ('open', 'done', 'failed')),
    epoch bigint,
    read bigint not null default 0,
    delivered bigint not null default 0,
    unchanged bigint not null default 0,
    skipped bigint not null default 0,
    quarantined bigint not null default 0,
    rejected bigint not null default 0,
    uncertain bigint not null default 0,
    pending bigint not null default 0,
    first_sent_at bigint,
    problem text,
    updated_at bigint not null,
    primary key (tenant, run, partition, no),
    foreign key (tenant, run, partition) references partition (tenant, run, no)
);

-- append-only: what each finished attempt of a batch left in the lake
create table batch_attempt (
    tenant text not null,
    run text not null,
    partition bigint not null,
    batch bigint not null,
    epoch bigint not null,
    processed text,
    results text,
    receipts text,
    calls bigint not null,
    target_ms bigint not null,
    finished_at bigint not null,
    primary key (tenant, run, partition, batch, epoch),
    foreign key (tenant, run, partition, batch) references batch (tenant, run, partition, no)
);

create table batch_amount (
    tenant text not null,
    run text not null,
    partition bigint not null,
    batch bigint not null,
    name text not null,
    state text not null,
    amount text not null,
    records bigint not null,
    primary key (tenant, run, partition, batch, name, state),
    foreign key (tenant, run, partition, batch) references batch (tenant, run, partition, no)
);

-- The one queue. due_at is set exactly while the item may be claimed, lease_until exactly while
-- it is leased, finished_at exactly when it is over: partial indexes stay as small as the work.
create table work (
    tenant text not null,
    id text not null,
    run text not null,
    kind text not null check (kind in ('plan', 'extract', 'batch', 'finish')),
    partition bigint,
    batch bigint,
    state text not null check (state in ('ready', 'leased', 'retry_wait', 'done', 'failed', 'cancelled')),
    epoch bigint not null,
    attempt bigint not null,
    due_at bigint,
    lease_until bigint,
    owner text,
    finished_at bigint,
    problem text,
    updated_at bigint not null,
    primary key (tenant, id),
    foreign key (tenant, run) references run (tenant, id)
);
create index work_due on work (due_at, id) where due_at is not null;
create index work_leased on work (lease_until) where lease_until is not null;
create index work_open on work (tenant, run) where finished_at is null;

-- What the target holds, one row per record key. place and prev are packed positions of
-- run_record rows (run no, partition, batch, epoch, ordinal): the head of the life line.
create table record_index (
    tenant text not null,
    integration text not null,
    key_hash bytea not null,
    content_hash bytea not null,
    state text not null,
    run_no bigint not null,
    place text not null,
    prev text,
    primary key (tenant, integration, key_hash)
) /* clustered */;

-- append-only: one row per record and attempt; prev is the record's row before this one
create table run_record (
    tenant text not null,
    run_no bigint not null,
    partition bigint not null,
    batch bigint not null,
    epoch bigint not null,
    ordinal bigint not null,
    key text not null,
    content_hash bytea not null,
    state text not null,
    external_id text,
    prev text,
    primary key (tenant, run_no, partition, batch, epoch, ordinal)
) /* clustered */;

create table record_issue (
    tenant text not null,
    run text not null,
    partition bigint not null,
    batch bigint not null,
    no bigint not null,
    epoch bigint not null,
    ordinal bigint not null,
    key text not null,
    code text not null,
    rule text,
    owner text not null,
    issue text not null,
    primary key (tenant, run, partition, batch, no),
    foreign key (tenant, run, partition, batch) references batch (tenant, run, partition, no)
);
create index record_issue_by_key on record_issue (tenant, run, key);

create table stream_cursor (
    tenant text not null references tenant (tenant),
    integration text not null,
    stream text not null,
    partition_key text not null,
    generation bigint not null,
    cursor text not null,
    run text not null,
    updated_at bigint not null,
    primary key (tenant, integration, stream, partition_key)
);
