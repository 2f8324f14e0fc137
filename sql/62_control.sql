-- 62_control.sql: what apps and operators do to syncs: trigger, start, pause, how often, variants, status.
-- Promise: a command is done for all syncs it names or for none, and says SL002 when it names none that exist.
-- A sync is named "name" (its base variant) or "name::variant".
create or replace function syncline.resolve_syncs(p_environment int, p_integration text, p_connection text, p_syncs text[])
returns table (id int)
language plpgsql stable as $$
declare
  v_integration int := syncline.resolve_integration(p_environment, p_integration);
  v_connection int := case when p_connection is not null then syncline.resolve_connection(p_environment, p_integration, p_connection) end;
  v_all boolean := cardinality(coalesce(p_syncs, '{}')) = 0;
  v_wanted text[] := array(select case when w.name like '%::%' then w.name else w.name || '::base' end from unnest(p_syncs) as w (name));
  v_found text[];
begin
  select array_agg(distinct s.name || '::' || s.variant) into v_found
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
   where n.integration_id = v_integration and n.deleted_at is null and s.deleted_at is null
     and (v_connection is null or n.id = v_connection)
     and (v_all or s.name || '::' || s.variant = any (v_wanted));
  -- Of one connection every name must exist; over all connections it is enough that one does.
  if (v_connection is null and v_found is null) or (v_connection is not null and not v_wanted <@ coalesce(v_found, '{}')) then
    raise exception using errcode = 'SL002', message = 'no such sync',
      detail = format('of "%s": %s', p_integration, array_to_string(p_syncs, ', ')),
      hint = 'A sync exists for a connection once its function is deployed; a variant once it is created.';
  end if;
  return query
    select s.id
      from syncline.syncs s
      join syncline.connections n on n.id = s.connection_id
     where n.integration_id = v_integration and n.deleted_at is null and s.deleted_at is null
       and (v_connection is null or n.id = v_connection)
       and (v_all or s.name || '::' || s.variant = any (v_wanted))
     order by s.id;
end $$;
comment on function syncline.resolve_syncs(int, text, text, text[]) is 'The syncs that a command means: those named (none: all) of one connection (null: of all). SL002 "no such integration", "no such connection", "no such sync".';

create or replace function syncline.trigger_one(p_sync int, p_reset boolean default false, p_empty_cache boolean default false) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform syncline.lock_sync(p_sync);
  perform syncline.check_sync(p_sync); -- under the lock: nobody deletes it now
  if p_reset then
    perform syncline.reset_sync(p_sync);
  end if;
  return syncline.create_run(p_sync, 'trigger', p_reset and p_empty_cache);
end $$;
comment on function syncline.trigger_one(int, boolean, boolean) is 'Run one sync now; its id, or null when a run is live already. Example: select syncline.trigger_one(17);  all that fail: select syncline.trigger_one(sync_id) from syncline.sync_overview where status = ''failing'';';

create or replace function syncline.trigger_sync(
  p_environment int, p_integration text, p_connection text, p_syncs text[], p_reset boolean default false, p_empty_cache boolean default false)
returns int
language sql volatile security definer set search_path = ''
return (
  select count(syncline.trigger_one(s.id, p_reset, p_empty_cache))::int
    from syncline.resolve_syncs(p_environment, p_integration, p_connection, p_syncs) s
);
comment on function syncline.trigger_sync(int, text, text, text[], boolean, boolean) is 'Run syncs now, paused ones too; how many runs were made: none where one is live. Reset: cancel that one and start from nothing; with empty cache also drop the records first. Example: select syncline.trigger_sync(syncline.environment_id(''prod''), ''hubspot'', ''acme'', ''{contacts}'');  (null connection: of all; ''{}'': all syncs; "name::variant")';

create or replace function syncline.start_one(p_sync int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_run bigint;
begin
  v_run := syncline.lock_sync(p_sync);
  perform syncline.check_sync(p_sync);
  update syncline.syncs s set state = 'started' where s.id = p_sync and s.state = 'paused' and s.deleted_at is null;
  if not found then
    return false;
  end if;
  if v_run is null then -- else its end sets the next tick
    perform syncline.create_run(p_sync, 'start', false);
  end if;
  return true;
end $$;
comment on function syncline.start_one(int) is 'Start a paused sync, with a run at once; false when it was started already. Example: select syncline.start_one(17);';

create or replace function syncline.start_sync(p_environment int, p_integration text, p_connection text, p_syncs text[]) returns int
language sql volatile security definer set search_path = ''
return (
  select (count(*) filter (where syncline.start_one(s.id)))::int
    from syncline.resolve_syncs(p_environment, p_integration, p_connection, p_syncs) s
);
comment on function syncline.start_sync(int, text, text, text[]) is 'Start paused syncs, each with a run at once; how many were paused. Example: select syncline.start_sync(syncline.environment_id(''prod''), ''hubspot'', ''acme'', ''{contacts}'');';

create or replace function syncline.pause_one(p_sync int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- One that is paused already keeps a triggered run.
  if not exists (select from syncline.syncs s where s.id = p_sync and s.state = 'started') then
    perform syncline.check_sync(p_sync);
    return false;
  end if;
  perform syncline.stop_sync(p_sync);
  perform syncline.check_sync(p_sync);
  update syncline.syncs s set state = 'paused', next_run_at = null where s.id = p_sync and s.state = 'started';
  return found;
end $$;
comment on function syncline.pause_one(int) is 'Pause a started sync and cancel its live run; false when it was paused already. Example: select syncline.pause_one(17);';

create or replace function syncline.pause_sync(p_environment int, p_integration text, p_connection text, p_syncs text[]) returns int
language sql volatile security definer set search_path = ''
return (
  select (count(*) filter (where syncline.pause_one(s.id)))::int
    from syncline.resolve_syncs(p_environment, p_integration, p_connection, p_syncs) s
);
comment on function syncline.pause_sync(int, text, text, text[]) is 'Pause syncs and cancel their live runs; how many were started. A paused sync runs only when triggered. Example: select syncline.pause_sync(syncline.environment_id(''prod''), ''hubspot'', null, ''{contacts}'');  (null connection: of all)';

create or replace function syncline.find_sync(p_environment int, p_integration text, p_connection text, p_sync text, p_variant text default 'base') returns int
language plpgsql stable as $$
declare
  v_connection int := syncline.resolve_connection(p_environment, p_integration, p_connection);
  v_id int;
begin
  select s.id into v_id from syncline.syncs s
   where s.connection_id = v_connection and s.name = p_sync and s.variant = p_variant and s.deleted_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such sync', detail = format('"%s::%s" of connection "%s"', p_sync, p_variant, p_connection);
  end if;
  return v_id;
end $$;
comment on function syncline.find_sync(int, text, text, text, text) is 'The id of one sync by its names. SL002 "no such integration", "no such connection" or "no such sync". Example: select syncline.find_sync(syncline.environment_id(''prod''), ''hubspot'', ''acme'', ''contacts'') as sync_id \gset';

create or replace function syncline.set_frequency_one(p_sync int, p_frequency text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_override text := syncline.format_frequency(case when p_frequency is not null then syncline.parse_frequency(p_frequency) end);
  v_says text;
begin
  select f.definition ->> 'frequency' into v_says
    from syncline.syncs s join syncline.functions f on f.id = s.function_id where s.id = p_sync;
  update syncline.syncs s
     set frequency_override = v_override,
         frequency = syncline.parse_frequency(coalesce(v_override, v_says)),
         next_run_at = case when s.next_run_at is not null then
           syncline.next_tick(s.uid, syncline.parse_frequency(coalesce(v_override, v_says)), syncline.now()) end
   where s.id = p_sync and s.deleted_at is null;
  if not found then
    perform syncline.check_sync(p_sync);
  end if;
  return coalesce(v_override, v_says);
end $$;
comment on function syncline.set_frequency_one(int, text) is 'set_frequency by the sync''s id. Example: select syncline.set_frequency_one(17, ''every 15 minutes'');  (null: the function''s own again)';

create or replace function syncline.set_frequency(
  p_environment int, p_integration text, p_connection text, p_sync text, p_variant text, p_frequency text) returns text
language sql volatile security definer set search_path = ''
return syncline.set_frequency_one(syncline.find_sync(p_environment, p_integration, p_connection, p_sync, p_variant), p_frequency);
comment on function syncline.set_frequency(int, text, text, text, text, text) is 'Run one sync at a frequency of its own, or (null) at its function''s again; the frequency in its short form. SL004 when it is none. Example: select syncline.set_frequency(syncline.environment_id(''prod''), ''hubspot'', ''acme'', ''contacts'', ''base'', ''every 15 minutes'');';

create or replace function syncline.create_variant(p_environment int, p_integration text, p_connection text, p_sync text, p_variant text)
returns table (id uuid, name text, variant text)
language plpgsql volatile as $$
declare
  v_connection int := syncline.resolve_connection(p_environment, p_integration, p_connection);
  v_function int;
begin
  if lower(p_variant) = 'base' then
    raise exception using errcode = 'SL004', message = 'reserved variant', hint = 'Every sync has its base variant from the start.';
  end if;
  -- The base sync is in every command's way: its lock makes the count below true until commit.
  select s.function_id into v_function from syncline.syncs s
   where s.id = syncline.find_sync(p_environment, p_integration, p_connection, p_sync, 'base') for update;
  if (select count(*) from syncline.syncs s where s.connection_id = v_connection and s.name = p_sync and s.deleted_at is null) >= 100 then
    raise exception using errcode = 'SL005', message = 'too many variants', hint = 'A sync has at most 100 variants on a connection, its base included.';
  end if;
  id := syncline.install_sync(v_connection, v_function, p_variant);
  if id is null then
    raise exception using errcode = 'SL005', message = 'variant exists', detail = format('"%s::%s"', p_sync, p_variant);
  end if;
  perform syncline.audit_sync(s.id, 'sync.variant_created') from syncline.syncs s where s.uid = create_variant.id;
  name := p_sync;
  variant := p_variant;
  return next;
end $$;
comment on function syncline.create_variant(int, text, text, text, text) is 'Add a variant of a sync: a schedule, checkpoint and records of its own. SL004 for "base", SL005 when it exists or there are 100.';

create or replace function syncline.delete_variant(p_environment int, p_integration text, p_connection text, p_sync text, p_variant text) returns void
language plpgsql volatile as $$
declare
  v_id int := syncline.find_sync(p_environment, p_integration, p_connection, p_sync, p_variant);
  v_connection int;
  v_own text[];
begin
  if lower(p_variant) = 'base' then
    raise exception using errcode = 'SL004', message = 'reserved variant', hint = 'To stop a sync for all, remove its function.';
  end if;
  perform syncline.delete_sync(v_id);
  perform syncline.audit_sync(v_id, 'sync.variant_deleted');
  -- Its records go with it, but for models that another sync of the same variant name writes too.
  select s.connection_id, array(
           select m.model from unnest(f.models) as m (model)
            where not exists (
              select from syncline.syncs o join syncline.functions g on g.id = o.function_id
               where o.connection_id = s.connection_id and o.variant = p_variant and o.deleted_at is null and m.model = any (g.models)))
    into v_connection, v_own
    from syncline.syncs s join syncline.functions f on f.id = s.function_id
   where s.id = v_id;
  perform syncline.retire_streams(v_connection, v_own, p_variant);
end $$;
comment on function syncline.delete_variant(int, text, text, text, text) is 'Delete a variant of a sync with its records. SL002 when there is none, SL004 for "base".';
