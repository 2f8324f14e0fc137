-- 22_direct_run.sql: runs of a connection alone: actions, which whoever asks for them works on at once, and event functions.
-- Promise: such a run is tried once; it ends with the connection.
-- Lock order: connections, then runs.
create or replace function syncline.start_run(p_worker text, p_connection int, p_kind text, p_name text)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language plpgsql volatile as $$
begin
  -- "for share": the connection can't be deleted between this look at it and the commit of its run.
  return query
    with made as (
      insert into syncline.runs as r (
        environment_id, connection_id, function_id, kind, origin, priority, state, worker, token, attempt, lease_ends_at,
        started_at, checkpoint_from)
      select n.environment_id, n.id, f.id, f.kind, case f.kind when 'action' then 'api' else 'event' end, 0, 'running', p_worker, 1, 1,
             syncline.now() + c.lease, syncline.now(), k.value
        from syncline.connections n
        join syncline.functions f on f.integration_id = n.integration_id and f.kind = p_kind and f.name = p_name and f.is_active
       cross join syncline.settings c
        left join syncline.checkpoints k
          on k.connection_id = n.id and k.kind = f.kind and k.name = f.name and k.variant = 'base'
       where n.id = p_connection and n.deleted_at is null and p_kind in ('action', 'on-event')
         for share of n
      returning r as run
    )
    select l.* from made m cross join lateral syncline.lease_of(m.run) l;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such function',
      detail = format('%s "%s" for connection %s', p_kind, p_name, p_connection),
      hint = 'The function must be deployed for the integration of a connection that exists.';
  end if;
end $$;
comment on function syncline.start_run(text, int, text, text) is 'Make a run of an action or event function that the caller holds from the start, as if claimed. SL002 "no such function", also when the connection is gone.';

create or replace function syncline.list_event_functions(p_connection int, p_event text) returns table (id int, name text)
language sql stable
begin atomic
  select f.id, f.name
    from syncline.connections n
    join syncline.functions f on f.integration_id = n.integration_id
   where n.id = p_connection and n.deleted_at is null
     and f.kind = 'on-event' and f.is_active and f.definition ->> 'event' = p_event
   order by f.name;
end;
comment on function syncline.list_event_functions(int, text) is 'The functions that an event of a connection calls, by name.';

create or replace function syncline.create_event_runs(p_connection int, p_event text) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  insert into syncline.runs (environment_id, connection_id, function_id, kind, origin, priority)
  select n.environment_id, n.id, f.id, 'on-event', 'event', 0
    from syncline.connections n
   cross join lateral syncline.list_event_functions(n.id, p_event) f
   where n.id = p_connection and n.deleted_at is null -- looked at again when we had to wait for it
     for share of n;
  get diagnostics v_count = row_count;
  perform syncline.ring('run', v_count);
  return v_count;
end $$;
comment on function syncline.create_event_runs(int, text) is 'Make ready runs of the functions that an event of a connection calls, for any worker; how many.';

create or replace function syncline.cancel_direct_runs(p_connection int) returns int
language sql volatile
return (
  select (count(*) filter (where syncline.cancel_run(l.id)))::int
    from (
      select r.id from syncline.runs r
       where r.connection_id = p_connection and r.sync_id is null and r.state in ('ready', 'running')
       order by r.id) l
);
comment on function syncline.cancel_direct_runs(int) is 'Cancel the live runs of a connection that belong to no sync; how many.';
