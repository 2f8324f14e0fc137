-- 84_tick.sql: the heartbeat of the installation, called by every worker once a second. No leader: skip locked shares the work.
-- Promise: whatever is due by the rows gets a doorbell, though the one rung before was lost with its worker or never heard.
create or replace function syncline.ring_again() returns int
language plpgsql volatile as $$
declare
  v_first bigint[];
  v_count int;
begin
  -- Looked at without locks: claims skip locked runs, so a lock here hides a run from the worker its doorbell has just
  -- woken, and it would wait for this very function, 5 s later.
  v_first := array(
    select r.id from syncline.runs r
     where r.state = 'ready' and r.due_at <= syncline.now()
     order by r.priority, r.due_at, r.id
     limit 50);
  if not exists (
    select from syncline.runs r
     where r.id = any (v_first) and r.state = 'ready' and r.rung_at < syncline.now() - interval '5 s')
  then
    return 0;
  end if;
  with waiting as (
    select r.id from syncline.runs r where r.id = any (v_first) and r.state = 'ready' order by r.id for update skip locked
  )
  update syncline.runs r set rung_at = syncline.now() from waiting w where r.id = w.id;
  get diagnostics v_count = row_count;
  perform syncline.ring('run', v_count);
  return v_count;
end $$;
comment on function syncline.ring_again() is 'Ring for ready runs whose doorbell was rung over 5 s ago and that nobody took; how many.';

create or replace function syncline.ring_deliveries() returns boolean
language plpgsql volatile as $$
begin
  if not exists (select from syncline.list_due_endpoints()) then
    return false;
  end if;
  -- One waiting job at most: it takes all that is due.
  perform graphile_worker.add_job('deliver', '{}'::json, job_key => 'deliver', max_attempts => 3);
  return true;
end $$;
comment on function syncline.ring_deliveries() is 'Ring for due webhooks; false when none is due.';

create or replace function syncline.tick(p_limit int)
returns table (dispatched int, requeued int, buried int, rung int, delivering boolean)
language plpgsql volatile as $$
begin
  dispatched := syncline.dispatch_due(p_limit);
  buried := syncline.bury_poisoned();
  requeued := syncline.requeue_expired(false);
  perform syncline.ring('run', syncline.make_due_webhook_runs());
  if exists (select from syncline.inbox x where x.state = 'waiting' order by x.integration_id, x.id limit 1) then
    perform syncline.ring_inbox();
  end if;
  rung := syncline.ring_again();
  perform syncline.settle_actions();
  perform syncline.ring_actions();
  perform syncline.ring_renewals();
  delivering := syncline.ring_deliveries();
  return next;
end $$;
comment on function syncline.tick(int) is 'Do what time asks for: make due runs (at most that many), take over from dead workers, make due webhook runs, end or ring for actions, ring for what waits, and for credentials that are to be looked at.';

create or replace function syncline.bury_workers() returns int
language plpgsql volatile as $$
declare
  v_pools text[];
begin
  with dead as (
    delete from syncline.workers w
     using syncline.settings c
     where w.heartbeat_at < syncline.now() - 3 * c.lease
    returning w.pool_ids
  )
  select coalesce(array_agg(p.id), '{}') into v_pools from dead d cross join unnest(d.pool_ids) as p (id);
  -- Otherwise graphile-worker keeps a killed worker's jobs locked for four hours.
  perform graphile_worker.force_unlock_workers(v_pools);
  return cardinality(v_pools);
end $$;
comment on function syncline.bury_workers() is 'Forget workers silent for three leases and release the jobs they had locked; how many pools.';
