-- SQLite only: another kind of document, the schema. SQLite cannot alter a check; this is the way its
-- documentation gives (ALTER TABLE, section 8) for a change that leaves the stored rows as they are.
pragma writable_schema = on;
update sqlite_schema
    set sql = replace(sql, '''integration'', ''lookup'')', '''integration'', ''lookup'', ''schema'')')
    where type = 'table' and name = 'document';
pragma writable_schema = reset;
-- other connections read the schema again when its number changes
create table schema_changed (id integer);
drop table schema_changed;
