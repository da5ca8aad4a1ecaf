-- The operator's trust in publishers of connectors: one document, kept with its version.
create table trust (
    id bigint not null primary key check (id = 1),
    content text not null,
    version bigint not null,
    updated_at bigint not null
);
