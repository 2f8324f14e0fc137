-- 26_rate_limit.sql: until when nothing may be sent to a provider account, known to all processes.
-- Promise: a block only moves forward, by syncline.now(), whoever reports it and in whatever order; it ends by itself after
-- a day at most. No answer shortens one: while it stands nobody asks, so an answer with quota left was asked for before it.
-- Only an operator lifts it. Each change is told on channel syncline_limited: a hint, the table is the truth.
-- A bucket is (scope, account, host, part): scope 'connection' with a connection's id, or 'integration' with an integration's.
create or replace function syncline.milliseconds_until(p_at timestamptz) returns bigint
language sql stable
return coalesce(greatest(0, ceil(1000 * extract(epoch from p_at - syncline.now()))), 0)::bigint;
comment on function syncline.milliseconds_until(timestamptz) is 'The milliseconds until a time; 0 when it is past, or none.';

create or replace function syncline.tell_rate_limit(p_scope text, p_account int, p_host text, p_part text, p_wait_ms bigint) returns void
language sql volatile
begin atomic
  select pg_notify('syncline_limited', json_build_object(
    'scope', p_scope, 'account', p_account, 'host', p_host, 'part', p_part, 'wait_ms', p_wait_ms)::text);
end;
comment on function syncline.tell_rate_limit(text, int, text, text, bigint) is 'Tell all processes that a bucket is blocked for so many milliseconds; 0 lifts it.';

create or replace function syncline.learn_rate_limit(
  p_scope text, p_account int, p_host text, p_part text, p_wait_ms bigint, p_source text, p_remaining int)
returns bigint
language plpgsql volatile as $$
declare
  v_until timestamptz := syncline.now() + least(p_wait_ms, 86400000) * interval '1 ms';
  v_stands timestamptz;
begin
  if p_scope not in ('connection', 'integration') or p_wait_ms < 0 then
    raise exception using errcode = 'SL004', message = 'bad rate limit', detail = format('scope "%s", %s ms', p_scope, p_wait_ms);
  end if;
  -- The account's own row says which tenant the block belongs to. One that is gone has nothing to wait for.
  insert into syncline.rate_limits as r (environment_id, integration_id, connection_id, host, part, blocked_until, remaining, source)
  select a.environment_id, a.integration_id, a.connection_id, p_host, p_part, v_until, p_remaining, p_source
    from (
      select n.environment_id, n.integration_id, n.id as connection_id
        from syncline.connections n where p_scope = 'connection' and n.id = p_account
      union all
      select i.environment_id, i.id, null from syncline.integrations i where p_scope = 'integration' and i.id = p_account) a
      on conflict (integration_id, connection_id, host, part) do update
     set blocked_until = excluded.blocked_until, remaining = excluded.remaining, source = excluded.source, learned_at = excluded.learned_at
   where r.blocked_until < excluded.blocked_until
  returning r.blocked_until into v_stands;
  if found then
    perform syncline.tell_rate_limit(p_scope, p_account, p_host, p_part, syncline.milliseconds_until(v_stands));
  else
    select r.blocked_until into v_stands from syncline.rate_limits r
     where r.host = p_host and r.part = p_part
       and case p_scope when 'connection' then r.connection_id = p_account else r.integration_id = p_account and r.connection_id is null end;
  end if;
  return syncline.milliseconds_until(v_stands);
end $$;
comment on function syncline.learn_rate_limit(text, int, text, text, bigint, text, int) is 'A provider asked to wait: refused, or used_up when nothing is left of a quota. How many milliseconds stand now, which may be more; 0 when the account is gone.';

create or replace function syncline.current_rate_limits()
returns table (scope text, account int, host text, part text, wait_ms bigint)
language sql stable
begin atomic
  select case when r.connection_id is null then 'integration' else 'connection' end, coalesce(r.connection_id, r.integration_id),
         r.host, r.part, syncline.milliseconds_until(r.blocked_until)
    from syncline.rate_limits r
   where r.blocked_until > syncline.now();
end;
comment on function syncline.current_rate_limits() is 'All buckets that are blocked now, and for how many milliseconds: what a process reads that may have missed notices.';

create or replace function syncline.rate_limit_wait(p_connection int, p_host text, p_part text default '') returns bigint
language sql stable
return (
  select syncline.milliseconds_until(max(r.blocked_until))
    from syncline.connections n
    join syncline.rate_limits r on r.integration_id = n.integration_id and (r.connection_id = n.id or r.connection_id is null)
   where n.id = p_connection and r.host = p_host and r.part = p_part
);
comment on function syncline.rate_limit_wait(int, text, text) is 'For how many milliseconds a connection must not send anything to a host (and part of it); 0 when it may.';

create or replace function syncline.lift_rate_limits(p_connection int) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count int := 0;
  v_gone syncline.rate_limits;
begin
  for v_gone in
    delete from syncline.rate_limits r using syncline.connections n
     where n.id = p_connection and r.integration_id = n.integration_id and (r.connection_id = n.id or r.connection_id is null)
       and r.blocked_until > syncline.now()
    returning r.*
  loop
    v_count := v_count + 1;
    perform syncline.tell_rate_limit(
      case when v_gone.connection_id is null then 'integration' else 'connection' end,
      coalesce(v_gone.connection_id, v_gone.integration_id), v_gone.host, v_gone.part, 0);
  end loop;
  return v_count;
end $$;
comment on function syncline.lift_rate_limits(int) is 'An operator knows better: forget what blocks a connection, also what blocks it with all others of its integration; how many buckets. Runs that wait go on at once. Example: select syncline.lift_rate_limits(5);  (connection_id of connection_health)';

create or replace function syncline.tidy_rate_limits() returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.rate_limits r where r.blocked_until < syncline.now() - interval '1 day';
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_rate_limits() is 'Forget blocks that ended a day ago; how many.';
