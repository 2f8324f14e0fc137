-- 61_function.sql: deploying compiled functions.
-- Promise: a deployment happens wholly or not at all; what has not changed is not touched; a running run ends with the
-- code it began with, and the next run of its sync uses the new one. What was not deployed from a folder is not removed
-- with one.
create or replace function syncline.plan_deploy(p_environment int, p_functions jsonb, p_mode text)
returns table (integration text, kind text, name text, change text, integration_id int, old_function int, source jsonb)
language sql stable
begin atomic
  with wanted as (
    select f.value ->> 'integration' as integration, f.value ->> 'kind' as kind, f.value ->> 'name' as name, f.value as source
      from jsonb_array_elements(p_functions) as f (value)
  ), present as (
    select i.unique_key as integration, f.kind, f.name, f.hash, f.id, f.source
      from syncline.functions f
      join syncline.integrations i on i.id = f.integration_id
     where f.environment_id = p_environment and f.is_active
  )
  select coalesce(w.integration, p.integration), coalesce(w.kind, p.kind), coalesce(w.name, p.name),
         case when p.id is null then 'added'
              when w.source is null then 'removed'
              when w.source ->> 'hash' = p.hash then 'unchanged'
              else 'updated' end,
         i.id, p.id, w.source
    from wanted w
    full join present p on p.integration = w.integration and p.kind = w.kind and p.name = w.name
    left join syncline.integrations i
      on i.environment_id = p_environment and i.unique_key = coalesce(w.integration, p.integration) and i.deleted_at is null
   where w.source is not null
      or (p.source = 'repo' and (
            p_mode = 'all'
            or (p_mode = 'integration' and exists (select from wanted o where o.integration = p.integration))))
   order by 1, 2, 3;
end;
comment on function syncline.plan_deploy(int, jsonb, text) is 'What deploying these functions would do to each: added, updated, unchanged, or (mode all: anywhere, mode integration: in the integrations named; only what came from a folder) removed.';

create or replace function syncline.list_deploy_losses(p_environment int, p_functions jsonb, p_mode text)
returns table (integration text, kind text, name text, model text, connections int, records bigint)
language sql stable
begin atomic
  select p.integration, p.kind, p.name, m.model, count(distinct s.connection_id)::int, coalesce(sum(t.records), 0)::bigint
    from syncline.plan_deploy(p_environment, p_functions, p_mode) p
    join syncline.functions f on f.id = p.old_function
   cross join unnest(f.models) as m (model)
    left join syncline.syncs s on s.function_id = f.id and s.deleted_at is null
    left join syncline.streams t
      on t.connection_id = s.connection_id and t.model = m.model and t.variant = s.variant and t.retired_at is null
   where p.change = 'removed' or (p.change = 'updated' and not p.source #> '{definition,models}' ? m.model)
   group by p.integration, p.kind, p.name, m.model
   order by p.integration, p.kind, p.name, m.model;
end;
comment on function syncline.list_deploy_losses(int, jsonb, text) is 'Which models would no longer be kept up to date after a deployment, for how many connections, with how many live records.';

create or replace function syncline.frequency_of(p_function jsonb) returns interval
language plpgsql immutable as $$
begin
  return case when p_function ->> 'kind' = 'sync' then syncline.parse_frequency(p_function #>> '{definition,frequency}') end;
exception when sqlstate 'SL004' then
  raise exception using errcode = 'SL004',
    message = format('%s/%s: frequency %s', p_function ->> 'integration', p_function ->> 'name', sqlerrm),
    hint = 'Write "every 15 minutes", "every hour", "every half day", "every day", "5m"; at least 15 seconds.';
end $$;
comment on function syncline.frequency_of(jsonb) is 'The frequency of a compiled function, null when it is no sync; SL004 that names the function when it has none.';

create or replace function syncline.check_deploy(p_environment int, p_functions jsonb, p_mode text) returns void
language plpgsql stable as $$
declare
  v_row record;
begin
  if p_mode is null or p_mode not in ('all', 'integration', 'single') then
    raise exception using errcode = 'SL004', message = format('"%s" is not a mode of deployment', p_mode), hint = 'all, integration or single';
  end if;
  select p.* into v_row from syncline.plan_deploy(p_environment, p_functions, p_mode) p where p.integration_id is null limit 1;
  if found then
    raise exception using errcode = 'SL004', message = format('there is no integration "%s" in this environment', v_row.integration),
      detail = format('%s "%s" is for it', v_row.kind, v_row.name),
      hint = format('Create it first: POST /integrations {"unique_key": "%s", "provider": …}, or rename the folder.', v_row.integration);
  end if;
  select p.integration, p.kind, p.name into v_row from syncline.plan_deploy(p_environment, p_functions, 'single') p
   group by 1, 2, 3 having count(*) > 1 limit 1;
  if found then
    raise exception using errcode = 'SL004', message = format('%s "%s" of "%s" is there twice', v_row.kind, v_row.name, v_row.integration);
  end if;
  perform syncline.frequency_of(f.value) from jsonb_array_elements(p_functions) as f (value);
end $$;
comment on function syncline.check_deploy(int, jsonb, text) is 'SL004 that names what is wrong with a deployment: an unknown mode, a missing integration, a function given twice, a frequency that is none.';

create or replace function syncline.add_function(p_environment int, p_integration int, p_function jsonb, p_source text) returns int
language sql volatile
begin atomic
  select syncline.declare_models(p_environment, p_integration, p_function #> '{definition,models}');
  insert into syncline.functions (
    environment_id, integration_id, kind, name, version, hash, bundle, definition, models, frequency, auto_start, track_deletes,
    history_models, source, source_code)
  select p_environment, p_integration, p_function ->> 'kind', p_function ->> 'name', coalesce(d.it ->> 'version', ''),
         p_function ->> 'hash', p_function ->> 'bundle', d.it,
         array(select m.k from jsonb_object_keys(coalesce(d.it -> 'models', '{}')) as m (k) order by m.k),
         syncline.frequency_of(p_function),
         coalesce((d.it ->> 'auto_start')::boolean, true), coalesce((d.it ->> 'track_deletes')::boolean, false),
         array(select m.k from jsonb_array_elements_text(coalesce(d.it -> 'history', '[]')) as m (k) order by m.k),
         p_source, p_function ->> 'code'
    from (select p_function -> 'definition' as it) d
  returning id;
end;
comment on function syncline.add_function(int, int, jsonb, text) is 'Store a compiled function as the active version; its id.';

create or replace function syncline.move_syncs(p_old int, p_new int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  -- A next tick stays where it is unless the frequency changes: a deployment doesn't make a thousand syncs due at once.
  with target as (
    select s.id, case when s.frequency_override is null then f.frequency else s.frequency end as frequency
      from syncline.syncs s, syncline.functions f
     where s.function_id = p_old and s.deleted_at is null and f.id = p_new
     order by s.id
       for update of s
  )
  update syncline.syncs s
     set function_id = p_new,
         frequency = t.frequency,
         next_run_at = case
           when s.next_run_at is not null and s.frequency <> t.frequency then syncline.next_tick(s.uid, t.frequency, syncline.now())
           else s.next_run_at end
    from target t
   where s.id = t.id;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.move_syncs(int, int) is 'Let the syncs of a function use its next version, at its frequency unless they have one of their own; how many.';

create or replace function syncline.install_function(p_function int) returns int
language sql volatile
return (
  select count(syncline.install_sync(c.id, p_function, 'base'))::int
    from (
      select n.id
        from syncline.functions f
        join syncline.connections n on n.integration_id = f.integration_id
       where f.id = p_function and f.kind = 'sync' and n.deleted_at is null
       order by n.id) c
);
comment on function syncline.install_function(int) is 'Give every connection of a sync function''s integration the sync, where it has none yet; how many.';

create or replace function syncline.install_syncs(p_connection int) returns int
language sql volatile
return (
  select count(syncline.install_sync(p_connection, c.id, 'base'))::int
    from (
      select f.id
        from syncline.connections n
        join syncline.functions f on f.integration_id = n.integration_id
       where n.id = p_connection and f.kind = 'sync' and f.is_active
       order by f.id) c
);
comment on function syncline.install_syncs(int) is 'Give a connection all syncs of its integration that it does not have yet; how many.';

create or replace function syncline.welcome_connection(p_connection int, p_is_new boolean) returns void
language plpgsql volatile as $$
begin
  -- As in import_connection, whose transaction may be another: no deployment beside it.
  perform from syncline.environments e join syncline.connections n on n.environment_id = e.id where n.id = p_connection for share of e;
  if not syncline.lock_connection(p_connection) then
    return;
  end if;
  perform syncline.announce_connection(p_connection, case when p_is_new then 'creation' else 'override' end);
  perform syncline.install_syncs(p_connection);
  if p_is_new then
    perform syncline.create_event_runs(p_connection, 'post-connection-creation');
  end if;
end $$;
comment on function syncline.welcome_connection(int, boolean) is 'What follows when a connection was made (p_is_new) or overridden: the app is told, syncs it lacks are installed, the creation event of a new one gets its runs.';

create or replace function syncline.remove_function(p_function int) returns void
language sql volatile
begin atomic
  update syncline.functions f set is_active = false where f.id = p_function;
  select syncline.write_audit(f.environment_id, 'function.removed', 'function', f.id::text, syncline.audit_name('function', to_jsonb(f) - 'bundle'))
    from syncline.functions f where f.id = p_function;
  select syncline.announce_models(f.environment_id) from syncline.functions f where f.id = p_function;
  select syncline.delete_sync(d.id)
    from (select s.id from syncline.syncs s where s.function_id = p_function and s.deleted_at is null order by s.id) d;
end;
comment on function syncline.remove_function(int) is 'Take a function out of use: its syncs end, their records stay until they expire.';

create or replace function syncline.deploy_functions(p_environment int, p_functions jsonb, p_mode text, p_source text default 'repo')
returns table (integration text, kind text, name text, change text)
language plpgsql volatile as $$
declare
  v_plan record;
  v_new int;
  v_is_changed boolean := false;
begin
  perform from syncline.environments e where e.id = p_environment for no key update; -- one deployment at a time, and no import beside it
  perform syncline.check_deploy(p_environment, p_functions, p_mode);
  for v_plan in select p.* from syncline.plan_deploy(p_environment, p_functions, p_mode) p loop
    if v_plan.change in ('added', 'updated') then
      update syncline.functions f set is_active = false where f.id = v_plan.old_function;
      v_new := syncline.add_function(p_environment, v_plan.integration_id, v_plan.source, p_source);
      perform syncline.move_syncs(v_plan.old_function, v_new);
      perform syncline.install_function(v_new);
    elsif v_plan.change = 'unchanged' then
      -- The same bundle can be of another text, such as one with another comment, and come another way.
      update syncline.functions f
         set source = p_source, source_code = coalesce(v_plan.source ->> 'code', f.source_code)
       where f.id = v_plan.old_function
         and (f.source, f.source_code) is distinct from (p_source, coalesce(v_plan.source ->> 'code', f.source_code));
    else
      perform syncline.remove_function(v_plan.old_function);
    end if;
    integration := v_plan.integration;
    kind := v_plan.kind;
    name := v_plan.name;
    change := v_plan.change;
    v_is_changed := v_is_changed or v_plan.change <> 'unchanged';
    return next;
  end loop;
  perform syncline.settle_landings(p_environment, p_functions);
  if v_is_changed then
    -- Made by a worker after the commit: somebody may be reading them, and a deployment waits for nobody.
    perform graphile_worker.add_job('record_views', '{}'::json, job_key => 'record_views', max_attempts => 3);
  end if;
end $$;
comment on function syncline.deploy_functions(int, jsonb, text, text) is 'Deploy compiled functions, given as an array of {kind, integration, name, bundle, hash, definition, code?}; p_source says how they came; what happened to each. Syncs appear, move to the new version or go.';
