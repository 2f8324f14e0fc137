-- 82_finish.sql: how a run ends.
-- Promise: the run's state, its sync's next tick and the webhooks it owes the app change in one transaction, under its fence.
create or replace function syncline.describe_run(p_run syncline.runs) returns jsonb
language sql stable
return (
  select jsonb_strip_nulls(jsonb_build_object(
    'from', 'nango', 'type', 'sync', 'connectionId', n.connection_id, 'providerConfigKey', i.unique_key,
    'syncName', s.name, 'syncVariant', s.variant, 'syncType', p_run.sync_type))
    || case when p_run.checkpoint_from is null and k.value is null then '{}'
       else jsonb_build_object('checkpoints', jsonb_build_object('from', p_run.checkpoint_from, 'to', k.value)) end
    from syncline.syncs s
    join syncline.connections n on n.id = s.connection_id
    join syncline.integrations i on i.id = n.integration_id
    left join lateral syncline.checkpoint_of(p_run) k on true
   where s.id = p_run.sync_id
);
comment on function syncline.describe_run(syncline.runs) is 'What every webhook about a run of a sync says.';

create or replace function syncline.end_run(p_run bigint, p_state text, p_error jsonb) returns void
language sql volatile
begin atomic
  update syncline.runs r
     set state = p_state, error = p_error, worker = null, lease_ends_at = null, finished_at = syncline.now(),
         checkpoint_to = syncline.get_checkpoint(p_run)
   where r.id = p_run;
end;
comment on function syncline.end_run(bigint, text, jsonb) is 'Write down that a run ended, how, and at which checkpoint.';

create or replace function syncline.announce_success(p_run syncline.runs) returns int
language plpgsql volatile as $$
declare
  v_always boolean := (select e.on_sync_completion_always from syncline.environments e where e.id = p_run.environment_id);
  v_body jsonb;
  v_model text;
  v_stream int;
  v_webhooks int := 0;
begin
  for v_model, v_stream in
    select m.model, t.id
      from syncline.functions f
     cross join unnest(f.models) as m (model)
      join syncline.syncs s on s.id = p_run.sync_id
      left join syncline.streams t on t.connection_id = p_run.connection_id and t.model = m.model and t.variant = s.variant and t.retired_at is null
     where f.id = p_run.function_id and (v_always or t.pending_since is not null)
     order by t.id, m.model
  loop
    v_body := coalesce(v_body, syncline.describe_run(p_run)
      || jsonb_build_object('success', true, 'queryTimeStamp', syncline.webhook_time(p_run.started_at)));
    if v_stream is not null then
      v_webhooks := v_webhooks + syncline.announce_stream(v_stream, p_run.id, v_body, v_always, p_run.started_at);
    elsif v_always then
      v_webhooks := v_webhooks + syncline.enqueue_webhook(p_run.environment_id, p_run.connection_id, p_run.id, 'sync',
        v_body || jsonb_build_object('model', v_model, 'modifiedAfter', syncline.webhook_time(p_run.started_at),
          'responseResults', jsonb_build_object('added', 0, 'updated', 0, 'deleted', 0)),
        format('model:%s:%s:%s', p_run.connection_id, v_model, v_body ->> 'syncVariant'));
    end if;
  end loop;
  return v_webhooks;
end $$;
comment on function syncline.announce_success(syncline.runs) is 'Queue one webhook per model of a sync''s run that succeeded; how many were queued.';

create or replace function syncline.finish_run(p_run bigint, p_token bigint) returns int
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.hold_run(p_run, p_token);
  v_webhooks int := 0;
begin
  perform syncline.end_run(p_run, 'succeeded', null);
  if v_run.kind = 'webhook' then
    if syncline.end_webhook_calls(p_run, null) > 0 then
      v_webhooks := syncline.announce_success(v_run);
    end if;
    perform syncline.make_webhook_runs(array[v_run.sync_id]); -- not rung for: whoever ended this run looks for the next
  elsif v_run.sync_id is not null then
    update syncline.syncs
       set last_success_at = v_run.started_at, consecutive_failures = 0, idle_interrupts = 0, stalled_at = null
     where id = v_run.sync_id;
    perform syncline.schedule_next(v_run.sync_id, p_run);
    v_webhooks := syncline.announce_success(v_run);
  end if;
  return v_webhooks;
end $$;
comment on function syncline.finish_run(bigint, bigint) is 'A run succeeded. If it is a sync''s: set the next tick and queue one webhook per model; a webhook run''s: its calls are done, and the next ones get their run. How many webhooks were queued.';

create or replace function syncline.announce_failure(p_run syncline.runs, p_error jsonb) returns int
language plpgsql volatile as $$
begin
  if not (select e.on_sync_error from syncline.environments e where e.id = p_run.environment_id) then
    return 0;
  end if;
  return syncline.enqueue_webhook(p_run.environment_id, p_run.connection_id, p_run.id, 'sync', syncline.describe_run(p_run)
    || jsonb_build_object(
      'success', false,
      'model', (select array_to_string(f.models, ',') from syncline.functions f where f.id = p_run.function_id),
      'error', jsonb_build_object('type', 'script_error', 'description', coalesce(p_error ->> 'message', 'unknown error'))
        || case when p_error ? 'payload' then jsonb_build_object('payload', p_error -> 'payload') else '{}' end,
      'startedAt', syncline.webhook_time(p_run.started_at),
      'failedAt', syncline.webhook_time(syncline.now())),
    'sync:' || p_run.sync_id);
end $$;
comment on function syncline.announce_failure(syncline.runs, jsonb) is 'Queue the webhook of a sync''s run that failed; how many were queued.';

create or replace function syncline.bury_run(p_run syncline.runs, p_error jsonb) returns int
language plpgsql volatile as $$
declare
  v_given_up int;
begin
  perform syncline.end_run(p_run.id, 'failed', coalesce(p_error, '{}'));
  if p_run.sync_id is null then
    return 0;
  elsif p_run.kind = 'webhook' then
    v_given_up := syncline.fail_webhook_calls(p_run, p_error);
    perform syncline.make_webhook_runs(array[p_run.sync_id]);
    return case when v_given_up > 0 then syncline.announce_failure(p_run, p_error) else 0 end;
  end if;
  update syncline.syncs set consecutive_failures = consecutive_failures + 1 where id = p_run.sync_id;
  perform syncline.schedule_next(p_run.sync_id, p_run.id);
  return syncline.announce_failure(p_run, p_error);
end $$;
comment on function syncline.bury_run(syncline.runs, jsonb) is 'A run failed. If it is a sync''s: count it, set the next tick, queue the failure webhook; a webhook run''s: its calls wait for another attempt, or are given up, which is announced. How many webhooks were queued.';

create or replace function syncline.fail_run(p_run bigint, p_token bigint, p_error jsonb) returns int
language sql volatile
return syncline.bury_run(syncline.hold_run(p_run, p_token), p_error);
comment on function syncline.fail_run(bigint, bigint, jsonb) is 'A run failed with an error {type, message, payload?, status?, stack?}; how many webhooks were queued.';

create or replace function syncline.interrupt_run(p_run bigint, p_token bigint) returns bigint
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.hold_run(p_run, p_token);
  v_idle int;
begin
  if v_run.kind <> 'sync' then
    raise exception using errcode = 'SL005', message = 'only runs of syncs have time slices', detail = format('run %s', p_run);
  end if;
  -- Progress is an invariant: a sync interrupted again and again with neither checkpoint nor counts moving would loop for ever.
  update syncline.syncs s
     set idle_interrupts = case
       when syncline.get_checkpoint(p_run) is distinct from v_run.checkpoint_from
         or exists (select from syncline.run_streams c where c.run_id = p_run and c.added + c.updated + c.deleted > 0) then 0
       else s.idle_interrupts + 1 end
   where s.id = v_run.sync_id
  returning s.idle_interrupts into v_idle;
  if v_idle >= (select c.max_idle_interrupts from syncline.settings c) then
    update syncline.syncs set stalled_at = syncline.now(), idle_interrupts = 0 where id = v_run.sync_id;
    perform syncline.bury_run(v_run, jsonb_build_object('type', 'stalled',
      'message', format('%s time slices in a row ended without a new checkpoint or a changed record', v_idle)));
    return null;
  end if;
  perform syncline.end_run(p_run, 'interrupted', null);
  update syncline.syncs set last_run_id = p_run where id = v_run.sync_id;
  return syncline.create_run(v_run.sync_id, 'continuation', false);
end $$;
comment on function syncline.interrupt_run(bigint, bigint) is 'A run''s time slice is over: end it and make the run that goes on from its checkpoint; null when the sync does not get anywhere and was marked as stalled.';

create or replace function syncline.bury_poisoned() returns int
language plpgsql volatile as $$
declare
  v_run syncline.runs;
  v_count int := 0;
begin
  for v_run in
    select r.* from syncline.runs r
     where r.state = 'running' and r.lease_ends_at < syncline.now() and not syncline.may_try_again(r)
     order by r.sync_id, r.id
       for update skip locked
  loop
    perform syncline.bury_run(v_run, jsonb_build_object('type', 'worker_lost',
      'message', format('the worker was lost%s while it ran this',
        case when v_run.attempt > 1 then format(' %s times in a row', v_run.attempt) else '' end)));
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function syncline.bury_poisoned() is 'Fail runs whose workers died and that no other may try again; how many.';
