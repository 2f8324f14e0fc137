-- 45_refresh.sql: deleting what a full refresh did not see, with a brake.
-- A record that changed during the refresh has moved past start_pos and needs no mark; an unchanged one is marked by its
-- position (9 bytes). Missing = live, at or before start_pos, not marked. The list is fixed before anything is deleted, so
-- that the brake can look at it; then it is worked off in chunks with one short lock each.
-- Promise: a window belongs to the sync: it survives failed and interrupted runs as long as a checkpoint says that the next
-- run goes on where this one stopped. Without a checkpoint the next run starts over, and so does the window. A run that
-- goes on in the middle with no window left to go on with has not seen everything: its window deletes nothing.
create or replace function syncline.resumes_midway(p_run bigint, p_token bigint) returns boolean
language sql stable
return exists (
  select
    from syncline.runs r
   cross join lateral syncline.checkpoint_of(r) k
    left join syncline.runs w on w.id = k.run_id -- housekeeping may have deleted it long ago
   where r.id = p_run
     and case when w.id = r.id then p_token > 1 else coalesce(w.state, 'succeeded') <> 'succeeded' end
);
comment on function syncline.resumes_midway(bigint, bigint) is 'True when a run goes on from a checkpoint that an unfinished run, or an earlier attempt of its own, may have left: it need not see everything.';

create or replace function syncline.open_refresh(p_run bigint, p_token bigint, p_stream int) returns bigint
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_id bigint;
begin
  update syncline.refreshes w
     set state = 'open', run_id = p_run, token = p_token
   where w.stream_id = p_stream and w.state in ('open', 'deleting')
     and ((w.run_id = p_run and w.token = p_token) or syncline.get_checkpoint(p_run) is not null)
  returning w.id into v_id;
  if v_id is not null then
    delete from syncline.refresh_missing m where m.refresh_id = v_id;
    return v_id;
  end if;
  perform syncline.close_refresh(w.id, 'superseded')
     from syncline.refreshes w where w.stream_id = p_stream and w.state in ('open', 'deleting');
  insert into syncline.refreshes (stream_id, sync_id, run_id, token, start_pos)
  select p_stream, v_run.sync_id, p_run, p_token, case when syncline.resumes_midway(p_run, p_token) then 0 else s.head end
    from syncline.streams s where s.id = p_stream
  returning id into v_id;
  return v_id;
end $$;
comment on function syncline.open_refresh(bigint, bigint, int) is 'Open the deletion-tracking window of a stream, or go on with the one an unfinished run left.';

create or replace function syncline.close_refresh(p_refresh bigint, p_state text) returns void
language sql volatile
begin atomic
  update syncline.refreshes set state = p_state, ended_at = syncline.now() where id = p_refresh and ended_at is null;
  delete from syncline.refresh_seen where refresh_id = p_refresh;
  delete from syncline.refresh_missing where refresh_id = p_refresh;
end;
comment on function syncline.close_refresh(bigint, text) is 'End a window (finished, discarded, superseded) and forget what it had seen.';

create or replace function syncline.open_own_refresh(p_run bigint, p_token bigint, p_stream int) returns bigint
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_id bigint;
begin
  if syncline.resumes_midway(p_run, p_token) then
    return null;
  end if;
  perform syncline.close_refresh(w.id, 'superseded')
     from syncline.refreshes w where w.stream_id = p_stream and w.state in ('open', 'deleting');
  insert into syncline.refreshes (stream_id, sync_id, run_id, token, start_pos)
  select p_stream, v_run.sync_id, p_run, p_token, s.head from syncline.streams s where s.id = p_stream
  returning id into v_id;
  return v_id;
end $$;
comment on function syncline.open_own_refresh(bigint, bigint, int) is 'Open a window that is this run''s alone: what earlier runs saw does not count. Null, and nothing is opened, when the run goes on midway and so need not see everything.';

create or replace function syncline.open_early_refresh(p_run bigint, p_token bigint, p_stream int) returns bigint
language plpgsql volatile as $$
begin
  perform syncline.fence_run(p_run, p_token);
  if exists (select from syncline.refreshes w where w.stream_id = p_stream and w.state in ('open', 'deleting')) then
    return null;
  end if;
  return syncline.open_refresh(p_run, p_token, p_stream);
end $$;
comment on function syncline.open_early_refresh(bigint, bigint, int) is 'Open a window before the function asks for one, which it may do later: what it saves until then has been seen. Null when a window is open already.';

create or replace function syncline.drop_refresh(p_run bigint, p_token bigint, p_stream int) returns boolean
language plpgsql volatile as $$
declare
  v_id bigint;
begin
  perform syncline.fence_run(p_run, p_token);
  select w.id into v_id from syncline.refreshes w
   where w.stream_id = p_stream and w.run_id = p_run and w.token = p_token and w.state = 'open' for update;
  perform syncline.close_refresh(v_id, 'discarded');
  return v_id is not null;
end $$;
comment on function syncline.drop_refresh(bigint, bigint, int) is 'Close a run''s open window without deleting anything; false when there is none.';

-- work_mem: a million marks are a hash of 47 MB; with the default of 4 MB it goes through files and takes half as long again.
create or replace function syncline.list_missing(p_refresh bigint, p_stream int, p_start_pos bigint) returns bigint
language plpgsql volatile set work_mem = '64MB' as $$
begin
  delete from syncline.refresh_missing where refresh_id = p_refresh;
  -- "offset 0" and the array keep the index-only anti-join: 0.41 s for a million records.
  insert into syncline.refresh_missing (refresh_id, chunk, positions)
  select p_refresh, (m.n - 1) / 5000, array_agg(m.pos)
    from (
      select r.pos, row_number() over (order by r.pos) as n
        from syncline.records r
       where r.stream_id = p_stream and r.last_action <> 'D' and r.pos = any (array(
         select x.pos
           from (select t.pos from syncline.records t where t.stream_id = p_stream and t.pos <= p_start_pos offset 0) x
          where not exists (
            select from (select unnest(n.positions) as pos from syncline.refresh_seen n where n.refresh_id = p_refresh) y
             where y.pos = x.pos)))
    ) m
   group by 2;
  return (select coalesce(sum(cardinality(m.positions)), 0) from syncline.refresh_missing m where m.refresh_id = p_refresh);
end $$;
comment on function syncline.list_missing(bigint, int, bigint) is 'Fix the list of live records that a refresh did not see; how many.';

create or replace function syncline.end_refresh(p_run bigint, p_token bigint, p_stream int)
returns table (refresh_id bigint, missing bigint, live bigint, verdict text)
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_window syncline.refreshes;
  v_model text;
begin
  select w.* into v_window from syncline.refreshes w where w.stream_id = p_stream and w.state in ('open', 'deleting') for update;
  -- Before anything is counted: an approval of the parked one may be at work.
  perform syncline.close_refresh(p.id, 'superseded')
     from (select w.id from syncline.refreshes w where w.stream_id = p_stream and w.state = 'needs_approval' and v_window.id is not null for update) p;
  select t.records, t.model into live, v_model from syncline.streams t where t.id = p_stream;
  if v_window.id is null then
    raise exception using errcode = 'SL005', message = format('trackDeletesEnd("%s") without trackDeletesStart', v_model);
  end if;
  refresh_id := v_window.id;
  missing := syncline.list_missing(v_window.id, p_stream, v_window.start_pos);
  select case when live >= s.delete_limit_rows and missing > live * s.delete_limit_share then 'needs_approval' else 'deleting' end
    into verdict from syncline.syncs s where s.id = v_run.sync_id;
  update syncline.refreshes w set state = verdict, missing = end_refresh.missing, live = end_refresh.live where w.id = v_window.id;
  if verdict = 'needs_approval' then
    perform syncline.enqueue_webhook(v_run.environment_id, v_run.connection_id, p_run, 'deletes_need_approval', (
      select jsonb_build_object('from', 'nango', 'type', 'deletes_need_approval', 'connectionId', n.connection_id,
               'providerConfigKey', i.unique_key, 'syncName', s.name, 'syncVariant', s.variant, 'model', v_model,
               'refreshId', v_window.id, 'live', live, 'missing', missing)
        from syncline.syncs s
        join syncline.connections n on n.id = s.connection_id
        join syncline.integrations i on i.id = n.integration_id
       where s.id = v_run.sync_id), 'stream:' || p_stream);
  end if;
  return next;
end $$;
comment on function syncline.end_refresh(bigint, bigint, int) is 'End a full refresh: fix the list of what it did not see, and say deleting, or needs_approval when that is more than the sync''s limit. Then delete_missing, until it returns null.';

create or replace function syncline.delete_chunk(p_refresh bigint) returns text[]
language plpgsql volatile as $$
declare
  v_window syncline.refreshes;
  v_chunk syncline.refresh_missing;
  v_base bigint;
  v_at timestamptz;
  v_lands boolean;
  v_keeps boolean;
  v_ids text[];
begin
  select w.* into v_window from syncline.refreshes w where w.id = p_refresh for update;
  select m.* into v_chunk from syncline.refresh_missing m where m.refresh_id = p_refresh order by m.chunk limit 1;
  if not found then
    perform syncline.close_refresh(p_refresh, 'finished');
    return null;
  end if;
  select l.base, l.changed_at, l.lands, l.keeps_history into v_base, v_at, v_lands, v_keeps
    from syncline.lock_stream(v_window.stream_id, cardinality(v_chunk.positions), true) l;
  with gone as (
    update syncline.records r
       set pos = v_base + u.o, run_id = v_window.run_id, last_action = 'D', deleted_at = v_at, last_modified_at = v_at
      from unnest(v_chunk.positions) with ordinality as u (pos, o)
     where r.stream_id = v_window.stream_id and r.pos = u.pos and r.last_action <> 'D'
    returning r.external_id
  ), kept as (
    insert into syncline.record_versions
    select v.* from syncline.ending_versions(v_window.stream_id, array(select g.external_id from gone g), v_at) v where v_keeps
  )
  select coalesce(array_agg(g.external_id), '{}') into v_ids from gone g;
  delete from syncline.refresh_missing m where m.refresh_id = p_refresh and m.chunk = v_chunk.chunk;
  update syncline.refreshes w set deleted = w.deleted + cardinality(v_ids) where w.id = p_refresh;
  perform syncline.note_changes(v_window.run_id, v_window.stream_id, v_at, 0, 0, cardinality(v_ids), 0);
  if v_lands then
    perform syncline.unland_rows(v_window.stream_id, v_ids);
  end if;
  return v_ids;
end $$;
comment on function syncline.delete_chunk(bigint) is 'Delete the next 5,000 of the listed records in one short lock and return their ids; null when the list is done and the window finished.';

create or replace function syncline.delete_missing(p_run bigint, p_token bigint, p_refresh bigint) returns text[]
language plpgsql volatile as $$
begin
  perform syncline.fence_run(p_run, p_token);
  perform from syncline.refreshes w where w.id = p_refresh and w.run_id = p_run and w.state = 'deleting' for update;
  if not found then
    raise exception using errcode = 'SL005', message = format('refresh %s is not deleting', p_refresh);
  end if;
  return syncline.delete_chunk(p_refresh);
end $$;
comment on function syncline.delete_missing(bigint, bigint, bigint) is 'delete_chunk under a run''s fence. SL005 when the run''s window is not at that point.';
