-- 92_work_views.sql: what waits, what is at work, what is stuck, and who works.
create or replace view syncline.stuck_runs with (security_invoker = true) as
with found as (
  select r.id as run_id, 'lease over' as problem, r.lease_ends_at as since
    from syncline.runs r
   where r.state = 'running' and r.lease_ends_at < syncline.now()
  union all
  select r.id, 'heartbeats missing', r.lease_ends_at - c.lease
    from syncline.runs r
   cross join syncline.settings c
   where r.state = 'running' and r.lease_ends_at >= syncline.now() and r.lease_ends_at < syncline.now() + c.lease / 2
  union all
  select r.id, 'ready for long', r.due_at
    from syncline.runs r
   where r.state = 'ready' and r.due_at < syncline.now() - interval '1 min'
  union all
  select coalesce(r.id, s.last_run_id), case when s.stalled_at is null then 'no progress' else 'stalled' end, coalesce(s.stalled_at, r.created_at)
    from syncline.syncs s
    left join syncline.runs r on r.sync_id = s.id and r.state in ('ready', 'running') and r.kind = 'sync'
   where s.deleted_at is null and (s.idle_interrupts > 0 or s.stalled_at is not null)
)
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       coalesce(s.name, f.name) as function,
       coalesce(s.variant, 'base') as variant,
       x.problem,
       date_trunc('seconds', syncline.now() - x.since) as for_long,
       r.state,
       r.attempt,
       r.worker,
       x.problem in ('lease over', 'ready for long', 'stalled')
         and (r.kind in ('sync', 'webhook', 'on-event') or (r.kind = 'action' and exists (
           select from syncline.actions a where a.run_id = r.id and a.is_async and a.ended_at is null))) as can_requeue,
       x.run_id,
       r.sync_id,
       r.function_id,
       r.connection_id,
       n.integration_id,
       r.environment_id
  from found x
  join syncline.runs r on r.id = x.run_id
  join syncline.connections n on n.id = r.connection_id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = r.environment_id
  left join syncline.syncs s on s.id = r.sync_id
  left join syncline.functions f on f.id = r.function_id;
comment on view syncline.stuck_runs is 'One row per run that does not get on, and why: its worker died or is silent, nobody takes it, its time slices end without progress. No row means all is well. Example: select * from syncline.stuck_runs;  then: select syncline.requeue_run(run_id) from syncline.stuck_runs where can_requeue;';
comment on column syncline.stuck_runs.function is 'Name of the sync, action or event function.';
comment on column syncline.stuck_runs.variant is 'Variant of the sync; base for all else.';
comment on column syncline.stuck_runs.problem is 'lease over: its worker died, and no other has taken it; heartbeats missing: its worker is silent for half a lease; ready for long: nobody took it for a minute; no progress: its last time slices ended with neither checkpoint nor records moved; stalled: so many did that it was failed.';
comment on column syncline.stuck_runs.for_long is 'For how long.';
comment on column syncline.stuck_runs.state is 'State of the run.';
comment on column syncline.stuck_runs.attempt is 'How often a worker has taken it.';
comment on column syncline.stuck_runs.worker is 'Who holds it.';
comment on column syncline.stuck_runs.can_requeue is 'True when requeue_run puts it right; otherwise wait, or cancel_run first.';
comment on column syncline.stuck_runs.run_id is 'For requeue_run, cancel_run.';
comment on column syncline.stuck_runs.sync_id is 'For why_waiting; null for actions and event functions.';

create or replace view syncline.queue_depth with (security_invoker = true) as
with waiting as (
  -- Two branches, so that each walks the index of its state.
  select r.environment_id, 'runs' as queue, r.due_at, false as is_at_work from syncline.runs r where r.state = 'ready'
  union all
  select r.environment_id, 'runs', r.due_at, true from syncline.runs r where r.state = 'running'
  union all
  select o.environment_id, 'webhooks', o.next_attempt_at, false from syncline.outbox o where o.lane_id is not null
  union all
  select a.environment_id, 'async actions', a.due_at, a.state = 'running' from syncline.actions a where a.ended_at is null and a.is_async
  union all
  select x.environment_id, 'inbox', x.received_at, false from syncline.inbox x where x.state = 'waiting'
  union all
  select c.environment_id, 'webhook calls', c.due_at, c.state = 'running' from syncline.webhook_calls c where c.ended_at is null
  union all
  select s.environment_id, 'schedules', s.next_run_at, false from syncline.syncs s where s.next_run_at is not null
)
select e.name as environment,
       w.queue,
       count(*) filter (where not w.is_at_work and w.due_at <= syncline.now()) as due,
       date_trunc('seconds', syncline.now() - min(w.due_at) filter (where not w.is_at_work and w.due_at <= syncline.now())) as longest_wait,
       count(*) filter (where w.is_at_work) as at_work,
       count(*) filter (where w.due_at > syncline.now()) as later,
       min(w.due_at) filter (where w.due_at > syncline.now()) as next_at,
       w.environment_id
  from waiting w
  join syncline.environments e on e.id = w.environment_id
 group by e.name, w.queue, w.environment_id
 order by e.name, w.queue;
comment on view syncline.queue_depth is 'One row per environment and queue with something in it: what is due and waits, what is at work, what comes later. Example: select * from syncline.queue_depth;';
comment on column syncline.queue_depth.queue is 'runs; webhooks to be sent; inbox: webhooks of providers to be handled; webhook calls: of onWebhook that syncs are owed; async actions; schedules: syncs that wait for their tick.';
comment on column syncline.queue_depth.due is 'How many could be taken now.';
comment on column syncline.queue_depth.longest_wait is 'For how long the first of these has been due. Over a few seconds: too few workers, or none.';
comment on column syncline.queue_depth.at_work is 'How many are being worked on.';
comment on column syncline.queue_depth.later is 'How many are due later: retries and ticks.';
comment on column syncline.queue_depth.next_at is 'When the first of these is due.';

create or replace view syncline.worker_overview with (security_invoker = true) as
select w.id as worker,
       w.heartbeat_at > syncline.now() - c.lease as is_alive,
       cardinality(w.pool_ids) > 0 as takes_runs,
       date_trunc('milliseconds', syncline.now() - w.heartbeat_at) as silent_for,
       date_trunc('seconds', syncline.now() - w.started_at) as up_for,
       (select count(*) from syncline.runs r where r.state = 'running' and r.worker = w.id) as runs,
       (select date_trunc('seconds', syncline.now() - min(r.started_at)) from syncline.runs r where r.state = 'running' and r.worker = w.id) as longest_run
  from syncline.workers w
 cross join syncline.settings c;
comment on view syncline.worker_overview is 'One row per process that works on runs, until it is silent for three leases. Example: select * from syncline.worker_overview;';
comment on column syncline.worker_overview.worker is 'Its name, as in the column worker of runs.';
comment on column syncline.worker_overview.is_alive is 'True when it was heard of within settings.lease.';
comment on column syncline.worker_overview.takes_runs is 'False for API processes, which work on the actions they are asked for only.';
comment on column syncline.worker_overview.silent_for is 'Since its last heartbeat; they come every quarter of a lease.';
comment on column syncline.worker_overview.up_for is 'Since its first heartbeat.';
comment on column syncline.worker_overview.runs is 'How many runs it holds.';
comment on column syncline.worker_overview.longest_run is 'For how long it has been at the longest of them.';
