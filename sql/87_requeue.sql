-- 87_requeue.sql: making something run again that ended badly or is stuck.
-- Promise: what a living worker holds is left alone; whatever else is asked for runs at once, or an error says why not and
-- what to do instead.
-- Lock order: connections, runs, syncs; runs before actions.
create or replace function syncline.refuse_requeue(p_run syncline.runs) returns void
language plpgsql stable as $$
declare
  v_message text;
  v_hint text;
begin
  if p_run.id is null then
    raise exception using errcode = 'SL002', message = 'no such run', hint = 'select * from syncline.run_overview order by run_id desc limit 20;';
  end if;
  if p_run.state = 'running' and p_run.lease_ends_at > syncline.now() then
    v_message := format('run %s is at work', p_run.id);
    v_hint := format('Worker %s has it until %s and may renew that. To stop it first: select syncline.cancel_run(%s);',
      p_run.worker, to_char(p_run.lease_ends_at, 'HH24:MI:SS'), p_run.id);
  elsif p_run.state = 'succeeded' then
    v_message := format('run %s succeeded', p_run.id);
    v_hint := case when p_run.kind = 'sync' then format('To run its sync once more: select syncline.trigger_one(%s);', p_run.sync_id)
                   else 'There is nothing to do again.' end;
  elsif exists (select from syncline.connections n where n.id = p_run.connection_id and n.deleted_at is not null) then
    v_message := format('run %s cannot be done again', p_run.id);
    v_hint := 'Its connection was deleted.';
  else
    return;
  end if;
  raise exception using errcode = 'SL005', message = v_message, hint = v_hint;
end $$;
comment on function syncline.refuse_requeue(syncline.runs) is 'SL005 that says what to do instead when a run is not one to be put back: a living worker holds it, it succeeded, or what it was for is gone. SL002 when there is none.';

create or replace function syncline.requeue_action(p_run syncline.runs) returns bigint
language plpgsql volatile as $$
begin
  if p_run.state = 'running' then
    perform syncline.bury_run(p_run, '{"type": "worker_lost", "message": "the worker was lost while it ran this"}');
  end if;
  update syncline.actions a
     set state = 'waiting', due_at = syncline.now()
   where a.run_id = p_run.id and a.ended_at is null and a.is_async;
  if not found then
    raise exception using errcode = 'SL005', message = format('run %s cannot be done again', p_run.id),
      hint = 'Only an asynchronous action that has tries left keeps its input; the app has to ask for this one again.';
  end if;
  perform syncline.ring_actions();
  return null;
end $$;
comment on function syncline.requeue_action(syncline.runs) is 'Let an asynchronous action have its next try now; null, as that makes a run of its own. SL005 when its input is gone.';

create or replace function syncline.requeue_event(p_run syncline.runs) returns bigint
language plpgsql volatile as $$
declare
  v_new bigint;
begin
  if p_run.state = 'running' then
    perform syncline.bury_run(p_run, '{"type": "worker_lost", "message": "the worker was lost while it ran this"}');
  end if;
  insert into syncline.runs (environment_id, connection_id, function_id, kind, origin, priority)
  select p_run.environment_id, p_run.connection_id, f.id, 'on-event', 'event', 0
    from syncline.functions o
    join syncline.functions f on f.integration_id = o.integration_id and f.kind = o.kind and f.name = o.name and f.is_active
   where o.id = p_run.function_id
  returning id into v_new;
  if v_new is null then
    raise exception using errcode = 'SL005', message = format('run %s cannot be done again', p_run.id), hint = 'Its function is not deployed any more.';
  end if;
  perform syncline.ring('run', 1);
  return v_new;
end $$;
comment on function syncline.requeue_event(syncline.runs) is 'A new run of an event function for the same connection; its id.';

create or replace function syncline.requeue_webhook(p_run syncline.runs) returns bigint
language plpgsql volatile as $$
begin
  perform from syncline.syncs s where s.id = p_run.sync_id for key share; -- it is deleted, or will not be until commit
  perform syncline.check_sync(p_run.sync_id);
  update syncline.webhook_calls c
     set state = 'waiting', due_at = syncline.now(), attempts = 0, error = null, ended_at = null
   where c.run_id = p_run.id and c.state in ('waiting', 'failed');
  if not found then
    raise exception using errcode = 'SL005', message = format('run %s cannot be done again', p_run.id),
      hint = 'A later run did what it had to do, or is at it.';
  end if;
  perform syncline.ring('run', syncline.make_webhook_runs(array[p_run.sync_id]));
  return syncline.live_webhook_run(p_run.sync_id);
end $$;
comment on function syncline.requeue_webhook(syncline.runs) is 'Let the calls of a webhook run that failed be made again, before all others of the sync; the run that makes them, or after which they are made. SL005 when none is left.';

create or replace function syncline.requeue_live(p_run bigint) returns bigint
language plpgsql volatile as $$
begin
  -- Attempts count from nothing again: somebody has looked at what killed its workers.
  update syncline.runs r
     set state = 'ready', worker = null, lease_ends_at = null, token = r.token + 1, attempt = 0, priority = 0,
         due_at = syncline.now(), rung_at = syncline.now()
   where r.id = p_run and r.state in ('ready', 'running');
  perform syncline.ring('run', 1);
  return p_run;
end $$;
comment on function syncline.requeue_live(bigint) is 'Make a waiting run, or one of a dead worker, ready now and the first of all; its id.';

create or replace function syncline.requeue_run(p_run bigint) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_run syncline.runs;
begin
  -- The connection first, as when it is deleted.
  perform from syncline.connections n join syncline.runs r on r.connection_id = n.id where r.id = p_run for share of n;
  select r.* into v_run from syncline.runs r where r.id = p_run for update;
  perform syncline.refuse_requeue(v_run);
  if v_run.state = 'ready' or (v_run.state = 'running' and v_run.kind in ('sync', 'webhook')) then
    return syncline.requeue_live(p_run);
  elsif v_run.kind = 'action' then
    return syncline.requeue_action(v_run);
  elsif v_run.kind = 'on-event' then
    return syncline.requeue_event(v_run);
  elsif v_run.kind = 'webhook' then
    return syncline.requeue_webhook(v_run);
  end if;
  perform syncline.check_sync(v_run.sync_id);
  return coalesce(syncline.create_run(v_run.sync_id, 'trigger', false), syncline.requeue_run(syncline.live_run(v_run.sync_id)));
end $$;
comment on function syncline.requeue_run(bigint) is 'A failed, cancelled or stuck run runs again at once: one of a dead worker goes back to be taken, one that waits waits no more, for one that ended its sync (or event function, or what a provider''s webhook owes) gets a new run. The id of the run that will do it; null for an asynchronous action, whose next try makes one. SL005 with what to do instead when a worker is at it or nothing can be done. Example: select syncline.requeue_run(42);  all that are stuck: select syncline.requeue_run(run_id) from syncline.stuck_runs where can_requeue;';
