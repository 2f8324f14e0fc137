-- 61_auth.sql: credentials stay fresh: who renews them, when, and what a failure means.
-- Promise: at most one live lease per connection, so that a refresh token is used once; what was obtained last stands, also when
-- it was stored late. A lease is a row, not a transaction: it outlives a lost database connection, and its 30 s outlast the
-- exchange with the provider (25 s at most, src/auth/renew.ts), so that no second one starts beside the first.
-- Lock order: connection, its row here, lane of webhooks, log.
create or replace function syncline.claim_renewal(p_connection int, p_seen int, p_is_forced boolean, p_holder text)
returns table (verdict text, token bigint, version int, wait_ms bigint, error jsonb)
language plpgsql volatile as $$
declare
  v syncline.connection_auth;
begin
  insert into syncline.connection_auth (connection_id)
  select n.id from syncline.connections n where n.id = p_connection and n.deleted_at is null
      on conflict do nothing;
  select a.* into v from syncline.connection_auth a where a.connection_id = p_connection for no key update;
  verdict := case
    when v.connection_id is null then 'gone'
    when p_seen is not null and v.version > p_seen then 'fresh'
    when p_seen is null and coalesce(v.renew_at > syncline.now(), true) then 'fresh'
    when v.lease_until > syncline.now() then 'wait'
    -- Some answer 401 for what is not allowed at all: new credentials would not help, over and over.
    when p_seen is not null and not p_is_forced and v.checked_at > syncline.now() - interval '30 s' then 'fresh'
    when p_is_forced then 'granted'
    when v.exhausted_at is not null then 'exhausted'
    when v.failed_at > syncline.now() - interval '30 s' then 'backoff'
    else 'granted' end;
  if verdict = 'granted' then
    update syncline.connection_auth a
       set lease_token = v.lease_token + 1, lease_until = syncline.now() + interval '30 s', lease_holder = p_holder
     where a.connection_id = p_connection
    returning a.lease_token into token;
  end if;
  version := v.version;
  error := v.error;
  wait_ms := syncline.milliseconds_until(case verdict when 'wait' then v.lease_until when 'backoff' then v.failed_at + interval '30 s' end);
  return next;
end $$;
comment on function syncline.claim_renewal(int, int, boolean, text) is 'May this process renew the credentials? granted, with a fencing token for 30 s; wait: somebody else does; fresh: newer than version p_seen (null: not near their end), or found good under 30 s ago; backoff: failed under 30 s ago; exhausted: failed on 4 days; gone. Forced passes over the last two.';

create or replace function syncline.save_renewal(
  p_connection int, p_token bigint, p_sealed bytea, p_expire_at timestamptz, p_margin interval, p_config jsonb)
returns text
language plpgsql volatile as $$
declare
  v syncline.connection_auth;
begin
  if not syncline.lock_connection(p_connection) then
    return 'gone';
  end if;
  select a.* into v from syncline.connection_auth a where a.connection_id = p_connection for no key update;
  if v.stored_token >= p_token then
    -- Equal: this very call was made before, and only its answer was lost.
    return case when v.stored_token = p_token then 'stored' else 'superseded' end;
  end if;
  update syncline.connections n
     set credentials_sealed = p_sealed, credentials_expire_at = p_expire_at, updated_at = syncline.now(),
         connection_config = n.connection_config || coalesce(p_config, '{}')
   where n.id = p_connection;
  update syncline.connection_auth a
     set version = v.version + 1, issued_at = syncline.now(), renew_at = syncline.renewal_time(p_expire_at, p_margin),
         stored_token = p_token, due_at = syncline.next_auth_check()
   where a.connection_id = p_connection;
  perform syncline.clear_auth_failure(p_connection, p_token);
  return 'stored';
end $$;
comment on function syncline.save_renewal(int, bigint, bytea, timestamptz, interval, jsonb) is 'Keep renewed credentials and merge what came with them into the config: stored, also a second time and after the lease has ended; superseded: newer ones stand; gone: the connection is deleted.';

create or replace function syncline.clear_auth_failure(p_connection int, p_token bigint) returns void
language sql volatile
begin atomic
  update syncline.connection_auth a
     set checked_at = syncline.now(), failed_at = null, failing_days = 0, exhausted_at = null, error = null, error_log_id = null,
         lease_until = case when a.lease_token > p_token then a.lease_until end,
         lease_holder = case when a.lease_token > p_token then a.lease_holder end
   where a.connection_id = p_connection;
end;
comment on function syncline.clear_auth_failure(int, bigint) is 'Forget failures, and the lease unless somebody else has it by now.';

create or replace function syncline.keep_credentials(p_connection int, p_token bigint) returns void
language plpgsql volatile as $$
begin
  perform from syncline.connection_auth a where a.connection_id = p_connection and a.lease_token = p_token for no key update;
  if found then
    perform syncline.clear_auth_failure(p_connection, p_token);
    update syncline.connection_auth a set due_at = syncline.next_auth_check() where a.connection_id = p_connection;
  end if;
end $$;
comment on function syncline.keep_credentials(int, bigint) is 'The holder of the lease found the credentials good as they are; without effect once another has it.';

create or replace function syncline.fail_renewal(p_connection int, p_token bigint, p_error jsonb, p_is_final boolean) returns boolean
language plpgsql volatile as $$
declare
  v syncline.connection_auth;
  v_environment int;
  v_days int;
begin
  select a.* into v from syncline.connection_auth a
   where a.connection_id = p_connection and a.lease_token = p_token and a.lease_until is not null
     for no key update;
  if not found or v.stored_token >= p_token then
    return false;
  end if;
  v_days := v.failing_days + case when (v.failed_at at time zone 'UTC')::date = (syncline.now() at time zone 'UTC')::date then 0 else 1 end;
  perform syncline.announce_auth(p_connection, 'refresh', p_error);
  select n.environment_id into v_environment from syncline.connections n where n.id = p_connection;
  perform syncline.append_logs(jsonb_build_array(jsonb_build_object(
    'environment_id', v_environment, 'connection_id', p_connection, 'kind', 'request', 'level', 'error',
    'message', 'credentials could not be renewed: ' || coalesce(p_error ->> 'description', 'no reason was given'),
    'detail', p_error || jsonb_build_object('failing_days', v_days, 'is_final', p_is_final))));
  update syncline.connection_auth a
     set lease_until = null, lease_holder = null, failed_at = syncline.now(), failing_days = v_days,
         -- It fails since its first failure, though somebody had it tried once more in between.
         error = p_error || jsonb_build_object('is_final', p_is_final, 'since', coalesce(a.error ->> 'since', syncline.webhook_time(syncline.now()))),
         error_log_id = currval('syncline.logs_id_seq'),
         exhausted_at = case when v_days >= 4 then coalesce(a.exhausted_at, syncline.now()) end,
         -- A provider in trouble is asked again within the hour; one that has refused says the same then.
         due_at = case when v_days >= 4 then null when p_is_final then syncline.next_auth_check()
           else syncline.now() + interval '1 hour' end
   where a.connection_id = p_connection;
  return true;
end $$;
comment on function syncline.fail_renewal(int, bigint, jsonb, boolean) is 'Note that renewing failed and why ({type, description}), tell the app, and give the lease back; false when newer credentials stand or another has the lease. Final: asking again is of no use. Given up after failures on 4 days in UTC.';

create or replace function syncline.auth_remedy(p_auth syncline.connection_auth) returns text
language sql immutable parallel safe
return case
  when p_auth.error is null then null
  when p_auth.failed_at is null then 'It is tried again within seconds.'
  when p_auth.exhausted_at is not null or (p_auth.error ->> 'is_final')::boolean
    then format('Have the customer connect anew. To try once more: select syncline.retry_renewal(%s);', p_auth.connection_id)
  else format('It is tried again by itself. At once: select syncline.retry_renewal(%s);', p_auth.connection_id) end;
comment on function syncline.auth_remedy(syncline.connection_auth) is 'What to do about credentials that fail; null when they do not.';

create or replace function syncline.give_back_renewal(p_connection int, p_token bigint) returns void
language sql volatile
begin atomic
  update syncline.connection_auth a
     set lease_until = null, lease_holder = null
   where a.connection_id = p_connection and a.lease_token = p_token;
end;
comment on function syncline.give_back_renewal(int, bigint) is 'End a lease that came to nothing: neither the provider nor the credentials are to blame.';

create or replace function syncline.postpone_auth_check(p_connection int) returns void
language sql volatile
begin atomic
  update syncline.connection_auth a
     set due_at = syncline.next_auth_check()
   where a.connection_id = p_connection and a.exhausted_at is null;
end;
comment on function syncline.postpone_auth_check(int) is 'Look at the credentials of a connection tomorrow: today there is nothing to do about them.';

create or replace function syncline.claim_due_auth(p_limit int) returns table (id int)
language sql volatile
begin atomic
  with due as (
    select a.connection_id
      from syncline.connection_auth a
     where a.due_at <= syncline.now()
     order by a.due_at
     limit p_limit
       for update skip locked
  )
  -- Whoever looks at it says when next; should that process be lost, somebody looks again soon.
  update syncline.connection_auth a
     set due_at = syncline.now() + interval '15 min'
    from due d
   where a.connection_id = d.connection_id
  returning a.connection_id;
end;
comment on function syncline.claim_due_auth(int) is 'Take connections whose credentials are to be looked at, the longest due first.';

create or replace function syncline.ring_renewals() returns boolean
language plpgsql volatile as $$
begin
  if not exists (select from syncline.connection_auth a where a.due_at <= syncline.now()) then
    return false;
  end if;
  perform graphile_worker.add_job('renew', '{}'::json, job_key => 'renew', max_attempts => 3);
  return true;
end $$;
comment on function syncline.ring_renewals() is 'Ring for credentials that are to be looked at; false when none are.';

create or replace function syncline.retry_renewal(p_connection int) returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  update syncline.connection_auth a
     set failed_at = null, failing_days = 0, exhausted_at = null, due_at = syncline.now()
   where a.connection_id = p_connection;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such connection', detail = format('number %s', p_connection);
  end if;
  return format('connection %s is looked at again within seconds', p_connection);
end $$;
comment on function syncline.retry_renewal(int) is 'Renew or test the credentials of a connection now, though it failed or was given up. Example: select syncline.retry_renewal(17);';
