-- Consents of persons to connections (OAuth 2.0 authorization code): who asked for one, and what came of it.

create table consent (
    tenant text not null references tenant (tenant),
    id text not null,
    connection text not null,
    -- the API client that asked
    asked_by text not null,
    -- hash of the secret in the address that a person opens
    ticket bytea not null,
    -- sealed: what the person's browser must bring back; null before it was sent away and after it was back
    opened bytea,
    created_at bigint not null,
    expires_at bigint not null,
    -- JSON; null until it is known
    outcome text,
    primary key (tenant, id)
);

create index consent_age on consent (tenant, expires_at);

-- Postgres only from here
alter table consent enable row level security;
alter table consent force row level security;
create policy own_tenant on consent using (
    tenant = nullif(current_setting('app.tenant', true), '')
    or current_setting('app.system', true) = 'on');
