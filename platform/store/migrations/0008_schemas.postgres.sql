-- Postgres only: another kind of document, the schema.
alter table document drop constraint document_kind_check;
alter table document add constraint document_kind_check
    check (kind in ('connection', 'mapping', 'integration', 'lookup', 'schema'));
