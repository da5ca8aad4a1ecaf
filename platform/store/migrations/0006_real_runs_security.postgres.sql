-- Postgres only: row security of the tables of 0003.
do $$
declare
    name text;
begin
    foreach name in array array['batch_check', 'run_log']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_tenant on %I using (
            tenant = nullif(current_setting(''app.tenant'', true), '''')
            or current_setting(''app.system'', true) = ''on'')', name);
    end loop;
end
$$;
