-- 20_run.sql: who works on which run, and for how long.
-- Promise: at most one live run per sync; at most one holder per run; a dead worker's run is claimable when its lease
-- ends; whoever lost a run can write nothing, because every write locks the run's row and compares the token.
-- Locks of a run: writes under its fence share it (key share), and a heartbeat passes by them, else one save that waits
-- for its stream would hold up the leases of all runs of its worker. Whatever ends a run or gives it to another takes it
-- alone (for update), and so waits for the writes before it.
-- Lock order: connections, runs, syncs, refreshes, streams in the order of their ids, records.
create or replace function syncline.live_run(p_sync int) returns bigint
language sql stable
return (select r.id from syncline.runs r where r.sync_id = p_sync and r.state in ('ready', 'running') and r.kind = 'sync');
comment on function syncline.live_run(int) is 'The run of a sync that is ready or running; null when there is none.';

create or replace function syncline.lock_sync(p_sync int) returns bigint
language plpgsql volatile as $$
declare
  v_run bigint;
begin
  -- The run first: whoever ends a run holds it and then wants the sync. While we wait for the sync its run may have become
  -- another, which must not be waited for with the sync in hand: then both locks are given back, which the end of the
  -- subtransaction does, and taken anew.
  loop
    begin
      v_run := syncline.live_run(p_sync);
      perform from syncline.runs r where r.id = v_run for update;
      perform from syncline.syncs s where s.id = p_sync for update;
      if syncline.live_run(p_sync) is not distinct from v_run then
        return v_run;
      end if;
      raise no_data_found; -- nobody sees it
    exception when no_data_found then
      null;
    end;
  end loop;
end $$;
comment on function syncline.lock_sync(int) is 'Lock a sync and its live run, in the order that cannot deadlock with the end of a run; the id of that run, or null. No other run of it can appear until commit.';

create or replace function syncline.create_run(p_sync int, p_origin text, p_empty_cache boolean) returns bigint
language plpgsql volatile as $$
declare
  v_run bigint;
  v_connection int;
begin
  if syncline.lock_sync(p_sync) is not null then
    return null;
  end if;
  insert into syncline.runs (environment_id, connection_id, sync_id, kind, origin, priority, empty_cache)
  select s.environment_id, s.connection_id, s.id, 'sync', p_origin,
         case p_origin when 'schedule' then 10 when 'continuation' then 5 else 0 end, p_empty_cache
    from syncline.syncs s
   where s.id = p_sync and s.deleted_at is null
  returning id, connection_id into v_run, v_connection;
  if v_run is not null then
    update syncline.syncs set next_run_at = null where id = p_sync;
    perform syncline.ring_changes('{}', array[v_connection], '{}');
    perform syncline.ring('run', 1);
  end if;
  return v_run;
end $$;
comment on function syncline.create_run(int, text, boolean) is 'A new run of a sync, ready at once; null when one is live already.';

create or replace function syncline.dispatch_due(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_made int;
begin
  with due as (
    select s.id, s.next_run_at
      from syncline.syncs s
     where s.next_run_at <= syncline.now()
     order by s.next_run_at, s.id
     limit p_limit
       for update skip locked
  ), taken as (
    update syncline.syncs s
       set next_run_at = null
     where s.id = any (array(select d.id from due d)) -- the array pins the index: a join reads all syncs for an unknown limit
    returning s.id, s.environment_id, s.connection_id
  ), made as (
    insert into syncline.runs (environment_id, connection_id, sync_id, origin)
    select t.environment_id, t.connection_id, t.id, 'schedule'
      from taken t
      join due d on d.id = t.id
     order by d.next_run_at, d.id -- claims go by the runs' ids
        on conflict do nothing
    returning 1
  )
  select count(*) into v_made from made;
  perform syncline.ring('run', v_made);
  return v_made;
end $$;
comment on function syncline.dispatch_due(int) is 'Make runs for due syncs, the longest waiting first, and ring; how many. A sync whose run is live is skipped: its end sets the next tick.';

create or replace function syncline.lease_of(p_run syncline.runs)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language sql stable
begin atomic
  select p_run.id, p_run.token, p_run.attempt, p_run.kind, p_run.environment_id, e.name, p_run.connection_id,
         n.connection_id, n.integration_id, i.unique_key, i.provider, s.id, s.uid, coalesce(s.name, f.name),
         coalesce(s.variant, 'base'), f.id, f.hash, f.models, f.track_deletes and p_run.kind <> 'webhook',
         p_run.empty_cache, p_run.last_success_at, p_run.started_at,
         (1000 * extract(epoch from case p_run.kind
           when 'webhook' then c.webhook_call_timeout
           when 'action' then c.action_timeout
           when 'on-event' then c.event_timeout
           else c.sync_timeout end))::int,
         e.record_validation, f.definition ? 'deliver'
    from syncline.functions f
    join syncline.connections n on n.id = p_run.connection_id
    join syncline.integrations i on i.id = n.integration_id
    join syncline.environments e on e.id = p_run.environment_id
    cross join syncline.settings c
    left join syncline.syncs s on s.id = p_run.sync_id
   where f.id = p_run.function_id;
end;
comment on function syncline.lease_of(syncline.runs) is 'What whoever holds a run has to know to work on it. sync_name is the function''s name where there is no sync.';

create or replace function syncline.claim_run(p_worker text)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language sql volatile
begin atomic
  with next as (
    select r.id, r.sync_id
      from syncline.runs r
     where r.state = 'ready' and r.due_at <= syncline.now()
     order by r.priority, r.due_at, r.id
     limit 1
       for update skip locked
  ), claimed as (
    update syncline.runs r
       set state = 'running',
           worker = p_worker,
           token = r.token + 1,
           attempt = r.attempt + 1,
           function_id = coalesce(s.function_id, r.function_id),
           lease_ends_at = syncline.now() + c.lease,
           started_at = coalesce(r.started_at, syncline.now()),
           interrupt_after = case when r.kind = 'sync' then syncline.now() + c.time_slice end,
           sync_type = case when r.kind = 'webhook' then 'WEBHOOK' when s.last_success_at is null then 'INITIAL' else 'INCREMENTAL' end,
           last_success_at = s.last_success_at,
           checkpoint_from = case when r.started_at is not null then r.checkpoint_from
             else (select k.value from syncline.checkpoint_of(r) k) end
      from next x
     cross join syncline.settings c
      left join syncline.syncs s on s.id = x.sync_id
     where r.id = x.id
    returning r as run
  )
  select l.* from claimed c cross join lateral syncline.lease_of(c.run) l;
end;
comment on function syncline.claim_run(text) is 'Give one ready run to a worker, with a fencing token; no row when none is due.';

create or replace function syncline.fence_run(p_run bigint, p_token bigint) returns syncline.runs
language plpgsql volatile as $$
declare
  v_run syncline.runs;
begin
  -- The lease can't be given to another between this check and the commit of what it guards.
  select r.* into v_run from syncline.runs r where r.id = p_run and r.token = p_token and r.state = 'running' for key share;
  if not found then
    raise exception using errcode = 'SL001', message = 'lease lost',
      detail = format('run %s, token %s', p_run, p_token), hint = 'Stop. The run ended or another worker owns it now.';
  end if;
  return v_run;
end $$;
comment on function syncline.fence_run(bigint, bigint) is 'The run, its row locked against a change of hands until commit. SL001 when the token is stale.';

create or replace function syncline.hold_run(p_run bigint, p_token bigint) returns syncline.runs
language plpgsql volatile as $$
begin
  perform from syncline.runs r where r.id = p_run for update;
  return syncline.fence_run(p_run, p_token);
end $$;
comment on function syncline.hold_run(bigint, bigint) is 'fence_run for what changes the run itself: alone, after all writes under its fence have committed. SL001 when the token is stale.';

create or replace function syncline.heartbeat(p_worker text, p_pools text[], p_runs bigint[], p_tokens bigint[])
returns table (lost_run bigint)
language sql volatile
begin atomic
  with beat as (
    insert into syncline.workers as w (id, pool_ids) values (p_worker, p_pools)
        on conflict (id) do update set heartbeat_at = syncline.now(), pool_ids = excluded.pool_ids
  ), held as (
    select h.id, h.token from unnest(p_runs, p_tokens) as h (id, token)
  ), kept as (
    update syncline.runs r
       set lease_ends_at = syncline.now() + c.lease
      from held h, syncline.settings c
     where r.id = h.id and r.token = h.token and r.state = 'running'
    returning r.id
  )
  select h.id from held h where not exists (select from kept k where k.id = h.id);
end;
comment on function syncline.heartbeat(text, text[], bigint[], bigint[]) is 'A worker says it lives and renews the leases of its runs; the runs it no longer owns come back: it must stop them.';

create or replace function syncline.heartbeat_interval() returns interval
language sql stable
return (select c.lease / 4 from syncline.settings c);
comment on function syncline.heartbeat_interval() is 'How often a worker says that it lives: a quarter of the lease, so that three may be lost.';

create or replace function syncline.release_run(p_run bigint, p_token bigint) returns void
language plpgsql volatile as $$
begin
  perform syncline.hold_run(p_run, p_token);
  update syncline.runs
     set state = 'ready', worker = null, lease_ends_at = null, token = token + 1, attempt = attempt - 1, rung_at = syncline.now()
   where id = p_run;
  perform syncline.ring('run', 1);
end $$;
comment on function syncline.release_run(bigint, bigint) is 'Give a run back unfinished, for another worker to go on with at once; it does not count as an attempt.';

create or replace function syncline.may_try_again(p_run syncline.runs) returns boolean
language sql stable
return (select p_run.sync_id is not null and p_run.attempt < c.max_run_attempts from syncline.settings c);
comment on function syncline.may_try_again(syncline.runs) is 'True when a run whose worker was lost may go to another. One without a sync has no checkpoint to make that safe, and who asked for it has gone.';

create or replace function syncline.requeue_expired(p_nobody_lives boolean) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  -- Each further attempt waits longer, so that a run that kills its worker does not kill one every lease.
  with expired as (
    select r.id
      from syncline.runs r
     where r.state = 'running' and (r.lease_ends_at < syncline.now() or p_nobody_lives) and syncline.may_try_again(r)
       for update skip locked
  )
  update syncline.runs r
     set state = 'ready', worker = null, lease_ends_at = null, token = r.token + 1, rung_at = syncline.now(),
         due_at = syncline.now() + case when r.attempt > 1 then least(2 ^ r.attempt, 300) * interval '1 s' else interval '0' end
    from expired x
   where r.id = x.id;
  get diagnostics v_count = row_count;
  perform syncline.ring('run', v_count);
  return v_count;
end $$;
comment on function syncline.requeue_expired(boolean) is 'Make runs whose lease has ended claimable again, or all running ones when the caller knows that no worker lives; how many.';

create or replace function syncline.cancel_run(p_run bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_run syncline.runs;
begin
  perform from syncline.runs where id = p_run for update;
  update syncline.runs r
     set state = 'cancelled', token = token + 1, worker = null, lease_ends_at = null, finished_at = syncline.now()
   where id = p_run and state in ('ready', 'running')
  returning r.* into v_run;
  if not found then
    return false;
  elsif v_run.kind = 'webhook' then
    perform syncline.end_webhook_calls(p_run, '{"type": "cancelled", "message": "The run was cancelled."}');
    perform syncline.ring('run', syncline.make_webhook_runs(array[v_run.sync_id]));
  else
    perform syncline.schedule_next(v_run.sync_id, p_run);
  end if;
  perform syncline.ring_changes('{}', array[v_run.connection_id], '{}');
  perform pg_notify('syncline_cancelled', p_run::text);
  return true;
end $$;
comment on function syncline.cancel_run(bigint) is 'End a ready or running run now; its worker can write nothing more and is told to stop. False when it had ended. Example: select syncline.cancel_run(42);  all of a connection: select syncline.cancel_run(run_id) from syncline.run_overview where connection = ''acme'' and state in (''ready'', ''running'');';

create or replace function syncline.schedule_next(p_sync int, p_run bigint) returns void
language sql volatile
begin atomic
  -- After failures in a row the next tick is no sooner than 30 s, 1 min, 2 min ... 1 h away.
  update syncline.syncs s
     set last_run_id = p_run,
         next_run_at = case when s.state = 'started' and s.deleted_at is null then
           syncline.next_tick(s.uid, s.frequency, syncline.now() + case
             when s.consecutive_failures < 2 then interval '0'
             else least(30 * 2 ^ least(s.consecutive_failures - 2, 10), 3600) * interval '1 s' end) end
   where s.id = p_sync;
end;
comment on function syncline.schedule_next(int, bigint) is 'Set a sync''s next tick after one of its runs ended; none while paused.';
