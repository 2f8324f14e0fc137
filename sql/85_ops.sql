-- 85_ops.sql: what an operator decides, from psql or anywhere else.
create or replace function syncline.approve_deletes(p_refresh bigint) returns bigint
language plpgsql volatile as $$
declare
  v_window syncline.refreshes;
  v_run syncline.runs;
  v_deleted bigint;
begin
  -- Run and sync first, which foreign keys want later: see the lock order in 20_run.sql. A new window may be open meanwhile.
  perform from syncline.runs r join syncline.refreshes w on w.run_id = r.id where w.id = p_refresh for key share of r;
  perform from syncline.syncs s join syncline.refreshes w on w.sync_id = s.id where w.id = p_refresh for key share of s;
  select w.* into v_window from syncline.refreshes w where w.id = p_refresh and w.state = 'needs_approval' for update;
  if not found then
    raise exception using errcode = 'SL005', message = format('refresh %s does not wait for approval', p_refresh),
      hint = 'select id, state, missing, live from syncline.refreshes order by id desc;';
  end if;
  while syncline.delete_chunk(p_refresh) is not null loop
  end loop;
  select w.deleted into v_deleted from syncline.refreshes w where w.id = p_refresh;
  select r.* into v_run from syncline.runs r where r.id = v_window.run_id;
  perform syncline.announce_stream(v_window.stream_id, v_run.id,
    syncline.describe_run(v_run) || jsonb_build_object('success', true, 'queryTimeStamp', syncline.webhook_time(syncline.now())),
    false, syncline.now());
  return v_deleted;
end $$;
comment on function syncline.approve_deletes(bigint) is 'Apply the deletes of a refresh that stopped at the brake; how many records were deleted. The app is told by webhook.';

create or replace function syncline.discard_deletes(p_refresh bigint) returns bigint
language plpgsql volatile as $$
declare
  v_missing bigint;
begin
  select w.missing into v_missing from syncline.refreshes w where w.id = p_refresh and w.state = 'needs_approval' for update;
  if not found then
    raise exception using errcode = 'SL005', message = format('refresh %s does not wait for approval', p_refresh);
  end if;
  perform syncline.close_refresh(p_refresh, 'discarded');
  return v_missing;
end $$;
comment on function syncline.discard_deletes(bigint) is 'Drop the deletes of a refresh that stopped at the brake; how many records stay.';

create or replace function syncline.check_invariants()
returns table (law text, subject text, detail text)
language sql stable
begin atomic
  select 'streams count their live records', 'stream ' || t.id, format('%s counted, %s there', t.records, c.live)
    from syncline.streams t
    cross join lateral (
      select count(*) filter (where r.last_action <> 'D') as live from syncline.records r where r.stream_id = t.id) c
   where t.retired_at is null and t.records <> c.live
  union all
  select 'no record stands beyond its stream''s head', 'stream ' || t.id, format('head %s, position %s', t.head, c.top)
    from syncline.streams t
    cross join lateral (select max(r.pos) as top from syncline.records r where r.stream_id = t.id) c
   where c.top > t.head
  union all
  select 'every record has a stream', 'stream ' || r.stream_id, count(*)::text
    from syncline.records r
   where not exists (select from syncline.streams t where t.id = r.stream_id)
   group by r.stream_id
  union all
  select 'a started sync has a live run or a next tick', 'sync ' || s.id, s.name
    from syncline.syncs s
   where s.state = 'started' and s.deleted_at is null and s.next_run_at is null
     and not exists (select from syncline.runs r where r.sync_id = s.id and r.state in ('ready', 'running'))
  union all
  select 'a checkpoint''s run exists', 'connection ' || k.connection_id, k.name
    from syncline.checkpoints k
   where k.run_id > (select coalesce(max(r.id), 0) from syncline.runs r);
end;
comment on function syncline.check_invariants() is 'The laws that no constraint can hold, checked now; no row means all hold. Reads every record once.';
