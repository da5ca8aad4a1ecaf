-- Postgres only: row security of the table of 0014.
alter table record_settlement enable row level security;
alter table record_settlement force row level security;
create policy own_tenant on record_settlement using (
    tenant = nullif(current_setting('app.tenant', true), '')
    or current_setting('app.system', true) = 'on');
