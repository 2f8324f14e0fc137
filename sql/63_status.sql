-- 63_status.sql: how syncs are doing, in the words the API uses.
create or replace function syncline.status_of_run(p_state text) returns text
language sql immutable strict parallel safe
return case p_state
  when 'ready' then 'RUNNING' -- whoever triggers and then waits for the end must not take the run before for it
  when 'running' then 'RUNNING'
  when 'succeeded' then 'SUCCESS'
  when 'failed' then 'ERROR'
  else 'STOPPED'
end;
comment on function syncline.status_of_run(text) is 'The status of a run''s state: RUNNING, SUCCESS, ERROR or STOPPED.';

create or replace function syncline.status_of_sync(p_state text, p_stalled_at timestamptz, p_run_state text) returns text
language sql immutable parallel safe
return case
  when p_run_state in ('ready', 'running') then 'RUNNING'
  when p_state = 'paused' then 'PAUSED'
  when p_stalled_at is not null or p_run_state in ('failed', 'cancelled') then 'ERROR'
  else coalesce(syncline.status_of_run(p_run_state), 'SUCCESS')
end;
comment on function syncline.status_of_sync(text, timestamptz, text) is 'The status of a sync by its state, whether it stalls and the state of its newest run: RUNNING, PAUSED, ERROR, STOPPED or SUCCESS.';

create or replace function syncline.describe_result(p_run bigint, p_models text[]) returns jsonb
language sql stable
return (
  select jsonb_object_agg(m.model, jsonb_build_object(
           'added', coalesce(c.added, 0), 'updated', coalesce(c.updated, 0), 'deleted', coalesce(c.deleted, 0)))
    from unnest(p_models) as m (model)
    left join lateral (
      select sum(x.added)::bigint as added, sum(x.updated)::bigint as updated, sum(x.deleted)::bigint as deleted
        from syncline.run_streams x
        join syncline.streams t on t.id = x.stream_id
       where x.run_id = p_run and t.model = m.model) c on true
);
comment on function syncline.describe_result(bigint, text[]) is 'What a run did to each model: {"Model": {"added": n, "updated": n, "deleted": n}}.';

create or replace function syncline.count_live(p_connection int, p_models text[], p_variant text) returns jsonb
language sql stable
return (
  select coalesce(jsonb_object_agg(m.model, coalesce(t.records, 0)), '{}')
    from unnest(p_models) as m (model)
    left join syncline.streams t
      on t.connection_id = p_connection and t.model = m.model and t.variant = p_variant and t.retired_at is null
);
comment on function syncline.count_live(int, text[], text) is 'How many live records a connection has of each model: {"Model": n}.';

create or replace function syncline.sync_status(p_environment int, p_integration text, p_connection text, p_syncs text[])
returns table (
  id uuid, connection_id text, name text, variant text, type text, status text, frequency text, finished_at timestamptz,
  next_scheduled_sync_at timestamptz, latest_result jsonb, latest_execution_status text, record_count jsonb, checkpoint jsonb)
language plpgsql stable as $$
declare
  v_integration int := syncline.resolve_integration(p_environment, p_integration);
  v_connection int := case when p_connection is not null then syncline.resolve_connection(p_environment, p_integration, p_connection) end;
  v_wanted text[] := array(select case when w.name like '%::%' then w.name else w.name || '::base' end from unnest(p_syncs) as w (name));
begin
  return query
    select s.uid, n.connection_id, s.name, s.variant,
           case when s.last_success_at is null then 'INITIAL' else 'INCREMENTAL' end,
           syncline.status_of_sync(s.state, s.stalled_at, r.state),
           coalesce(s.frequency_override, f.definition ->> 'frequency'),
           r.finished_at,
           case when s.state = 'started' then coalesce(s.next_run_at, syncline.next_tick(s.uid, s.frequency, syncline.now())) end,
           case when r.id is not null then syncline.describe_result(r.id, f.models) end,
           syncline.status_of_run(r.state),
           syncline.count_live(n.id, f.models, s.variant),
           k.value
      from syncline.syncs s
      join syncline.connections n on n.id = s.connection_id
      join syncline.functions f on f.id = s.function_id
      left join lateral (
        select x.id, x.state, x.finished_at from syncline.runs x
         where x.sync_id = s.id and x.kind = 'sync' order by x.id desc limit 1) r on true
      left join syncline.checkpoints k
        on k.connection_id = n.id and k.kind = 'sync' and k.name = s.name and k.variant = s.variant
     where n.integration_id = v_integration and n.deleted_at is null and s.deleted_at is null
       and (v_connection is null or n.id = v_connection)
       and (p_syncs is null or s.name || '::' || s.variant = any (v_wanted))
     order by n.id, s.name, s.variant;
end $$;
comment on function syncline.sync_status(int, text, text, text[]) is 'How syncs of an integration are doing: those named (null: all) of one connection (null: all). Names that do not exist are left out.';
