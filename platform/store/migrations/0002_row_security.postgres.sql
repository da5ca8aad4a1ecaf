-- Postgres only: a statement that forgot its tenant sees nothing. FORCE binds the owner too;
-- only a superuser passes by, so the platform should not connect as one (the store warns).
-- app.tenant is set per transaction; reset, it is '' and not null, hence nullif.
-- app.system is 'on' in the few transactions of the queue and of tenant administration.
do $$
declare
    name text;
begin
    foreach name in array array['tenant', 'document', 'document_version', 'connection_secret',
        'run', 'run_event', 'partition', 'page', 'batch', 'batch_attempt', 'batch_amount',
        'work', 'record_index', 'run_record', 'record_issue', 'stream_cursor']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy own_tenant on %I using (
            tenant = nullif(current_setting(''app.tenant'', true), '''')
            or current_setting(''app.system'', true) = ''on'')', name);
    end loop;
end
$$;
