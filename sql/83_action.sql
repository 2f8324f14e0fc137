-- 83_action.sql: actions whose result is kept: asynchronous ones, and those asked for under an idempotency key.
-- Promise: one asynchronous action runs at a time in each environment; whatever is asked for ends with a result or a
-- failure, which can be read until its time is over; of all calls under one key one is run.
-- Lock order: runs that end, then actions; a claim locks an action that waits, then connections, then makes its run.
create or replace function syncline.start_action(
  p_worker text, p_environment int, p_integration text, p_connection text, p_name text)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language sql volatile
begin atomic
  select l.* from syncline.start_run(p_worker, syncline.resolve_connection(p_environment, p_integration, p_connection), 'action', p_name) l;
end;
comment on function syncline.start_action(text, int, text, text, text) is 'start_run for an action of a connection known by its names. SL002 "no such integration", "no such connection" or "no such function".';

create or replace function syncline.list_actions(p_connection int) returns table (name text, definition jsonb)
language sql stable
begin atomic
  select f.name, f.definition
    from syncline.connections n
    join syncline.functions f on f.integration_id = n.integration_id and f.kind = 'action' and f.is_active
   where n.id = p_connection and n.deleted_at is null
   order by f.name;
end;
comment on function syncline.list_actions(int) is 'The actions that can be run for a connection, by name, with what they say about themselves.';

create or replace function syncline.lease_of_run(p_run bigint)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language sql stable
begin atomic
  select l.* from syncline.runs r cross join lateral syncline.lease_of(r) l where r.id = p_run;
end;
comment on function syncline.lease_of_run(bigint) is 'The lease of a run that the caller has just got.';

create or replace function syncline.end_action(p_action bigint, p_state text, p_outcome bytea, p_error jsonb) returns int
language plpgsql volatile as $$
declare
  v_action syncline.actions;
begin
  update syncline.actions a
     set state = p_state, outcome_sealed = p_outcome, error = p_error, input_sealed = null, due_at = null, ended_at = syncline.now()
   where a.id = p_action
  returning a.* into v_action;
  if not v_action.is_async
    or not (select e.on_async_action_completion from syncline.environments e where e.id = v_action.environment_id)
  then
    return 0;
  end if;
  return syncline.enqueue_webhook(v_action.environment_id, v_action.connection_id, v_action.run_id, 'async_action', (
    select jsonb_build_object(
      'from', 'nango', 'type', 'async_action', 'connectionId', n.connection_id, 'providerConfigKey', i.unique_key,
      'payload', jsonb_build_object('id', v_action.uid, 'statusUrl', '/action/' || v_action.uid))
      from syncline.connections n
      join syncline.integrations i on i.id = n.integration_id
     where n.id = v_action.connection_id));
end $$;
comment on function syncline.end_action(bigint, text, bytea, jsonb) is 'Write down how an action ended; how many webhooks were queued. An error is given where no function said one.';

create or replace function syncline.settle_failure(p_action syncline.actions, p_outcome bytea, p_error jsonb) returns int
language plpgsql volatile as $$
begin
  -- The same input would be refused again.
  if p_action.attempts > p_action.max_retries or not p_action.is_async or p_error ->> 'type' = 'invalid_action_input' then
    return syncline.end_action(p_action.id, 'failed', p_outcome, case when p_outcome is null then p_error end);
  end if;
  update syncline.actions a
     set state = 'waiting', due_at = syncline.now() + least(3 * 2 ^ (a.attempts - 1), 600) * interval '1 s'
   where a.id = p_action.id;
  return 0;
end $$;
comment on function syncline.settle_failure(syncline.actions, bytea, jsonb) is 'A try of an action failed: it waits for its next one, 3 s, 6 s, 12 s ... later, or has failed for good; how many webhooks were queued.';

create or replace function syncline.finish_action(p_run bigint, p_token bigint, p_outcome bytea) returns int
language plpgsql volatile as $$
declare
  v_action bigint;
begin
  perform syncline.finish_run(p_run, p_token);
  select a.id into v_action from syncline.actions a where a.run_id = p_run and a.state = 'running' for update;
  return case when found then syncline.end_action(v_action, 'succeeded', p_outcome, null) else 0 end;
end $$;
comment on function syncline.finish_action(bigint, bigint, bytea) is 'finish_run for the run of an action whose result is kept; how many webhooks were queued.';

create or replace function syncline.fail_action(p_run bigint, p_token bigint, p_error jsonb, p_outcome bytea) returns int
language plpgsql volatile as $$
declare
  v_action syncline.actions;
begin
  perform syncline.fail_run(p_run, p_token, p_error);
  select a.* into v_action from syncline.actions a where a.run_id = p_run and a.state = 'running' for update;
  return case when found then syncline.settle_failure(v_action, p_outcome, p_error) else 0 end;
end $$;
comment on function syncline.fail_action(bigint, bigint, jsonb, bytea) is 'fail_run for the run of an action whose result is kept; how many webhooks were queued.';

create or replace function syncline.ask_action(
  p_uid uuid, p_connection int, p_name text, p_is_async boolean, p_input_sealed bytea, p_max_retries int,
  p_key text, p_input_hash bytea, p_worker text)
returns table (is_new boolean, is_same_input boolean, uid uuid, state text, outcome_sealed bytea, error jsonb, run_id bigint)
language plpgsql volatile as $$
declare
  v_id bigint;
  v_kept interval := (select c.action_result_retention from syncline.settings c);
begin
  loop
    insert into syncline.actions as a (
      uid, environment_id, connection_id, name, is_async, input_sealed, max_retries, idempotency_key, input_hash)
    select p_uid, n.environment_id, n.id, p_name, p_is_async, p_input_sealed, p_max_retries, p_key, p_input_hash
      from syncline.connections n
      join syncline.functions f on f.integration_id = n.integration_id and f.kind = 'action' and f.name = p_name and f.is_active
     where n.id = p_connection and n.deleted_at is null
        on conflict (connection_id, name, idempotency_key) where idempotency_key is not null do nothing
    returning a.id into v_id;
    exit when v_id is not null;
    delete from syncline.actions a
     where a.connection_id = p_connection and a.name = p_name and a.idempotency_key = p_key and a.ended_at < syncline.now() - v_kept;
    return query
      select false, a.input_hash = p_input_hash, a.uid, a.state, a.outcome_sealed, a.error, a.run_id
        from syncline.actions a
       where a.connection_id = p_connection and a.name = p_name and a.idempotency_key = p_key;
    if found then
      return;
    end if;
    perform from syncline.connections n
       join syncline.functions f on f.integration_id = n.integration_id and f.kind = 'action' and f.name = p_name and f.is_active
      where n.id = p_connection and n.deleted_at is null;
    if not found then
      raise exception using errcode = 'SL002', message = 'no such function', detail = format('action "%s" for connection %s', p_name, p_connection),
        hint = 'The function must be deployed for the integration of a connection that exists.';
    end if;
  end loop;
  if p_is_async then
    perform graphile_worker.add_job('action', '{}'::json, job_key => 'action', max_attempts => 3);
  else
    update syncline.actions a
       set state = 'running', due_at = null, attempts = 1, run_id = (select r.id from syncline.start_run(p_worker, p_connection, 'action', p_name) r)
     where a.id = v_id;
  end if;
  return query select true, true, a.uid, a.state, null::bytea, null::jsonb, a.run_id from syncline.actions a where a.id = v_id;
end $$;
comment on function syncline.ask_action(uuid, int, text, boolean, bytea, int, text, bytea, text) is 'Ask for an action whose result is kept: an asynchronous one waits for a worker, another is run by the caller. When its key was used before (is_new false), that call''s action comes back and nothing is run. SL002 "no such function".';

create or replace function syncline.next_actions() returns table (id bigint, connection_id int, name text)
language sql stable
begin atomic
  select n.id, n.connection_id, n.name
    from syncline.environments e
   cross join syncline.settings c
   cross join lateral (
     select a.id, a.connection_id, a.name, a.due_at
       from syncline.actions a
      where a.environment_id = e.id and a.ended_at is null and a.is_async and a.due_at <= syncline.now()
        and (a.attempts > 0 or a.created_at > syncline.now() - c.async_action_start_within)
      order by a.due_at, a.id
      limit 1) n
   where not exists (select from syncline.actions b where b.environment_id = e.id and b.is_async and b.state = 'running')
   order by n.due_at, n.id;
end;
comment on function syncline.next_actions() is 'The asynchronous action that is next in each environment where none runs.';

create or replace function syncline.claim_action(p_worker text)
returns table (
  id bigint, token bigint, attempt int, kind text, environment_id int, environment_name text, connection_id int,
  connection_name text, integration_id int, provider_config_key text, provider text, sync_id int, sync_uid uuid, sync_name text,
  variant text, function_id int, function_hash text, models text[], track_deletes boolean,
  empty_cache boolean, last_success_at timestamptz, started_at timestamptz, timeout_ms int, record_validation text, delivers boolean)
language plpgsql volatile as $$
declare
  v_next record;
  v_run bigint;
begin
  for v_try in 1 .. 100 loop
    select x.* into v_next from syncline.next_actions() x limit 1;
    if not found then
      return;
    end if;
    perform from syncline.actions a where a.id = v_next.id and a.state = 'waiting' for update;
    continue when not found;
    begin
      select r.id into v_run from syncline.start_run(p_worker, v_next.connection_id, 'action', v_next.name) r;
      update syncline.actions a
         set state = 'running', due_at = null, attempts = a.attempts + 1, run_id = v_run
       where a.id = v_next.id;
      return query select l.* from syncline.lease_of_run(v_run) l;
      return;
    exception
      when unique_violation then
        null; -- another worker began one of this environment beside us
      when sqlstate 'SL002' then
        perform syncline.end_action(v_next.id, 'failed', null,
          jsonb_build_object('type', 'not_found', 'message', format('There is no action "%s" for this connection any more.', v_next.name)));
    end;
  end loop;
end $$;
comment on function syncline.claim_action(text) is 'Begin the next asynchronous action: its run, which the caller holds; no row when none is due.';

create or replace function syncline.release_action(p_run bigint, p_token bigint) returns void
language plpgsql volatile as $$
begin
  perform syncline.hold_run(p_run, p_token);
  perform syncline.end_run(p_run, 'cancelled', null);
  update syncline.actions a
     set state = 'waiting', due_at = case a.attempts when 1 then a.created_at else syncline.now() end, attempts = a.attempts - 1
   where a.run_id = p_run and a.state = 'running';
  perform graphile_worker.add_job('action', '{}'::json, job_key => 'action', max_attempts => 3);
end $$;
comment on function syncline.release_action(bigint, bigint) is 'Give an asynchronous action back that was claimed and not begun, for another worker to begin at once.';

create or replace function syncline.get_action_input(p_run bigint) returns table (uid uuid, input_sealed bytea)
language sql stable
begin atomic
  select a.uid, a.input_sealed from syncline.actions a where a.run_id = p_run;
end;
comment on function syncline.get_action_input(bigint) is 'The sealed input of the asynchronous action that a run works on.';

create or replace function syncline.find_action_result(p_environment int, p_uid uuid)
returns table (connection_id int, outcome_sealed bytea, error jsonb, run_id bigint)
language sql stable
begin atomic
  select a.connection_id, a.outcome_sealed, a.error, a.run_id
    from syncline.actions a
    join syncline.connections n on n.id = a.connection_id and n.deleted_at is null
   where a.uid = p_uid and a.environment_id = p_environment and a.ended_at is not null;
end;
comment on function syncline.find_action_result(int, uuid) is 'How an action of the environment ended; no row while it waits or runs, and after its time.';

create or replace function syncline.list_stale_actions() returns table (id bigint)
language sql stable
begin atomic
  -- By environment, as the index of open actions is: a long queue costs nothing. What runs has no due_at, and what was
  -- never begun has been due since it was asked for.
  select a.id
    from syncline.environments e
    join syncline.actions a on a.environment_id = e.id and a.ended_at is null and a.due_at is null
    left join syncline.runs r on r.id = a.run_id
   where r.state is distinct from 'running'
  union all
  select a.id
    from syncline.environments e
   cross join syncline.settings c
    join syncline.actions a
      on a.environment_id = e.id and a.ended_at is null and a.due_at <= syncline.now() - c.async_action_start_within
   where a.attempts = 0;
end;
comment on function syncline.list_stale_actions() is 'Actions whose run ended without a word, and those that can begin no more.';

create or replace function syncline.settle_actions() returns int
language plpgsql volatile as $$
declare
  v_action syncline.actions;
  v_run syncline.runs;
  v_count int := 0;
begin
  for v_action in
    select a.* from syncline.actions a where a.id in (select x.id from syncline.list_stale_actions() x) and a.ended_at is null
       for update skip locked
  loop
    -- Looked at anew: another worker may have settled it, and a third begun it, before we had its lock.
    continue when not exists (select from syncline.list_stale_actions() x where x.id = v_action.id);
    select r.* into v_run from syncline.runs r where r.id = v_action.run_id;
    if v_action.state = 'waiting' then
      perform syncline.end_action(v_action.id, 'failed', null, '{"type": "execution_timeout", "message": "No worker began it in time."}');
    elsif v_run.state = 'cancelled' then
      perform syncline.end_action(v_action.id, 'failed', null, '{"type": "script_aborted", "message": "The run was cancelled."}');
    else
      perform syncline.settle_failure(v_action, null,
        coalesce(v_run.error - 'stack', '{"type": "worker_lost", "message": "Its run is gone."}'));
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function syncline.settle_actions() is 'End or try again the actions whose run ended without a word: its worker died, or it was cancelled; and end those that can begin no more. How many.';

create or replace function syncline.ring_actions() returns boolean
language plpgsql volatile as $$
begin
  if not exists (select from syncline.next_actions()) then
    return false;
  end if;
  -- One waiting job at most: whoever hears it takes all that is due.
  perform graphile_worker.add_job('action', '{}'::json, job_key => 'action', max_attempts => 3);
  return true;
end $$;
comment on function syncline.ring_actions() is 'Ring for asynchronous actions that are due; false when none is.';
