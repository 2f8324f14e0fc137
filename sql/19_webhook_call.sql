-- 19_webhook_call.sql: calls of onWebhook that are owed to syncs: whose turn it is, and how they end.
-- Promise: the calls of a sync are made in the order of their ids, by one run at a time. One that is to be tried again holds up
-- those after it until it is done or given up, and none but those of its own sync.
-- Lock order: runs, then their calls. Whoever ends a webhook run never waits for its sync, which whoever ends a sync holds
-- while it waits for the run: a run that cannot be made now is made by the tick.
create or replace function syncline.live_webhook_run(p_sync int) returns bigint
language sql stable
return (select r.id from syncline.runs r where r.sync_id = p_sync and r.state in ('ready', 'running') and r.kind = 'webhook');
comment on function syncline.live_webhook_run(int) is 'The webhook run of a sync that is ready or running; null when there is none.';

create or replace function syncline.make_webhook_runs(p_syncs int[]) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  with due as (
    select s.id, s.environment_id, s.connection_id
      from syncline.syncs s
     cross join lateral (
       select c.due_at from syncline.webhook_calls c
        where c.sync_id = s.id and c.ended_at is null order by c.sync_id, c.id limit 1) f
     where s.id = any (p_syncs) and s.deleted_at is null and f.due_at <= syncline.now()
       and not exists (select from syncline.runs r where r.sync_id = s.id and r.state in ('ready', 'running') and r.kind = 'webhook')
       for key share of s skip locked
  )
  insert into syncline.runs (environment_id, connection_id, sync_id, kind, origin, priority)
  select d.environment_id, d.connection_id, d.id, 'webhook', 'webhook', 3
    from due d
   order by d.id -- two that make the same ones wait for each other in one order
      on conflict do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.make_webhook_runs(int[]) is 'Make a run for each of these syncs whose first open call is due and that has no webhook run; how many. Whoever is not about to claim runs himself rings.';

create or replace function syncline.make_due_webhook_runs() returns int
language sql volatile
begin atomic
  -- From sync to sync by the index: of those that are owed nothing there is nothing to look at.
  with recursive lanes as (
    select min(c.sync_id) as id from syncline.webhook_calls c where c.ended_at is null
    union all
    select (select min(c.sync_id) from syncline.webhook_calls c where c.ended_at is null and c.sync_id > l.id)
      from lanes l where l.id is not null
  )
  select syncline.make_webhook_runs(array(select l.id from lanes l where l.id is not null));
end;
comment on function syncline.make_due_webhook_runs() is 'Make the webhook runs that are due, of all syncs; how many.';

create or replace function syncline.end_webhook_calls(p_run bigint, p_error jsonb) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  update syncline.webhook_calls c
     set state = case when p_error is null then 'done' else 'failed' end, error = p_error, ended_at = syncline.now()
   where c.run_id = p_run and c.state = 'running';
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.end_webhook_calls(bigint, jsonb) is 'The calls that a run makes are done, or failed for good with an error; how many.';

create or replace function syncline.webhook_call_wait(p_attempts int) returns interval
language sql immutable parallel safe
return ('{5,30,120,600,1800,3600}'::int[])[greatest(1, least(p_attempts, 6))] * interval '1 s';
comment on function syncline.webhook_call_wait(int) is 'How long a call waits after that many attempts: 5 s, 30 s, 2 min, 10 min, 30 min, then 1 h.';

create or replace function syncline.fail_webhook_calls(p_run syncline.runs, p_error jsonb) returns int
language plpgsql volatile as $$
declare
  v_most int := (select c.webhook_call_attempts from syncline.settings c);
  v_has_handler boolean := (
    select coalesce((f.definition ->> 'has_on_webhook')::boolean, false) or coalesce((f.definition ->> 'has_on_webhook_batch')::boolean, false)
      from syncline.functions f where f.id = p_run.function_id);
  v_is_lost boolean := p_error ->> 'type' = 'worker_lost';
  v_error jsonb := jsonb_build_object('type', p_error ->> 'type', 'message', left(p_error ->> 'message', 1000));
  v_is_alone boolean := (select count(*) < 2 from syncline.webhook_calls c where c.run_id = p_run.id and c.state = 'running');
begin
  -- A worker lost too often is an end. But of several calls one did it: each has its last attempt alone (21_webhook_take.sql).
  if v_is_lost and not v_is_alone then
    update syncline.webhook_calls c set attempts = greatest(c.attempts, v_most - 1) where c.run_id = p_run.id and c.state = 'running';
  end if;
  update syncline.webhook_calls c
     set state = 'waiting', error = v_error, due_at = syncline.now() + syncline.webhook_call_wait(c.attempts)
   where c.run_id = p_run.id and c.state = 'running' and c.attempts < v_most and v_has_handler and not (v_is_lost and v_is_alone);
  return syncline.end_webhook_calls(p_run.id, v_error);
end $$;
comment on function syncline.fail_webhook_calls(syncline.runs, jsonb) is 'The calls that a run makes have failed: those with attempts left wait for the next one, the others are given up; how many were.';
