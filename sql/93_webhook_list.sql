-- 93_webhook_list.sql: the app's webhooks as the REST API lists them.
-- Promise: each reads one environment; whatever filters are given, pages go from newer to older and skip nothing.
create or replace function syncline.webhook_filter(p_state text, p_kind text, p_connection text, p_integration text, p_url text) returns text
language sql immutable parallel safe
return concat_ws(' ',
  case when p_state is not null then format('and o.state = %L', p_state) end,
  case when p_kind is not null then format('and o.kind = %L', p_kind) end,
  case when p_url is not null then format('and o.url = %L', p_url) end,
  case when coalesce(p_connection, p_integration) is not null then format(
    'and o.connection_id in (
       select n.id from syncline.connections n join syncline.integrations i on i.id = n.integration_id
        where n.environment_id = $1 and (%1$L is null or n.connection_id = %1$L) and (%2$L is null or i.unique_key = %2$L))',
    p_connection, p_integration) end);
comment on function syncline.webhook_filter(text, text, text, text, text) is 'Conditions on outbox rows o of environment $1, as SQL: a filter that is given must match. Texts, so that the plan follows what is asked: dead ones are found by their index.';

create or replace function syncline.list_webhooks(
  p_environment int, p_state text, p_kind text, p_connection text, p_integration text, p_url text,
  p_from timestamptz, p_until timestamptz, p_before bigint, p_limit int)
returns table (
  id bigint, uid uuid, kind text, url text, state text, attempts int, next_attempt_at timestamptz, created_at timestamptz,
  ended_at timestamptz, connection_id text, provider_config_key text, run_id bigint, event_id uuid)
language plpgsql stable as $$
begin
  return query execute
    'select o.id, o.uid, o.kind, o.url, o.state, o.attempts, o.next_attempt_at, o.created_at, o.ended_at,
            n.connection_id, i.unique_key, o.run_id, x.uid
       from (
         select o.* from syncline.outbox o
          where o.environment_id = $1 and ($2 is null or o.created_at >= $2) and ($3 is null or o.created_at < $3)
            and o.id < $4 ' || syncline.webhook_filter(p_state, p_kind, p_connection, p_integration, p_url) || '
          order by o.id desc
          limit $5) o
       left join syncline.connections n on n.id = o.connection_id
       left join syncline.integrations i on i.id = n.integration_id
       left join syncline.inbox x on x.id = o.inbox_id
      order by o.id desc'
    using p_environment, p_from, p_until, coalesce(p_before, 9223372036854775807), p_limit;
end $$;
comment on function syncline.list_webhooks(int, text, text, text, text, text, timestamptz, timestamptz, bigint, int) is 'Webhooks of an environment before an id, the newest first; null filters match all.';

create or replace function syncline.count_webhooks(
  p_environment int, p_state text, p_kind text, p_connection text, p_integration text, p_url text, p_from timestamptz, p_until timestamptz)
returns bigint
language plpgsql stable as $$
declare
  v_count bigint;
begin
  execute 'select count(*) from syncline.outbox o
            where o.environment_id = $1 and ($2 is null or o.created_at >= $2) and ($3 is null or o.created_at < $3) '
      || syncline.webhook_filter(p_state, p_kind, p_connection, p_integration, p_url)
    into v_count
    using p_environment, p_from, p_until;
  return v_count;
end $$;
comment on function syncline.count_webhooks(int, text, text, text, text, text, timestamptz, timestamptz) is 'How many webhooks of an environment list_webhooks would give in all.';

create or replace function syncline.find_webhook(p_environment int, p_uid uuid) returns bigint
language sql stable
return (select o.id from syncline.outbox o where o.uid = p_uid and o.environment_id = p_environment);
comment on function syncline.find_webhook(int, uuid) is 'The number of a webhook of an environment; null when it has none of this id.';

create or replace function syncline.get_webhook(p_environment int, p_uid uuid)
returns table (
  id bigint, uid uuid, kind text, url text, state text, attempts int, next_attempt_at timestamptz, created_at timestamptz,
  ended_at timestamptz, connection_id text, provider_config_key text, run_id bigint, event_id uuid, body jsonb, attempted jsonb, reasons jsonb)
language sql stable
begin atomic
  select o.id, o.uid, o.kind, o.url, o.state, o.attempts, o.next_attempt_at, o.created_at, o.ended_at,
         n.connection_id, i.unique_key, o.run_id, x.uid, o.body,
         (select coalesce(jsonb_agg(jsonb_build_object('attempt', d.attempt, 'at', d.at, 'status', d.status, 'ms', d.ms, 'error', d.error) order by d.id), '[]')
            from syncline.deliveries d where d.outbox_id = o.id),
         (select coalesce(jsonb_agg(jsonb_build_object('reason', w.reason, 'detail', w.detail)), '[]') from syncline.why_webhook_waits(o.id) w)
    from syncline.outbox o
    left join syncline.connections n on n.id = o.connection_id
    left join syncline.integrations i on i.id = n.integration_id
    left join syncline.inbox x on x.id = o.inbox_id
   where o.uid = p_uid and o.environment_id = p_environment;
end;
comment on function syncline.get_webhook(int, uuid) is 'A webhook of an environment with its body, its attempts and why it has not arrived; no row when it has none of this id.';

create or replace function syncline.list_webhook_endpoints(p_environment int)
returns table (
  id int, url text, status text, pending bigint, retrying bigint, dead bigint, delivered bigint, oldest_pending_at timestamptz,
  paused_at timestamptz, probe_at timestamptz, blocked_until timestamptz, failures_in_a_row int, p50_ms int, p99_ms int,
  last_success_at timestamptz, last_failure_at timestamptz, last_status int, last_error text)
language sql stable
begin atomic
  select h.endpoint_id, h.url, h.status, h.pending, h.retrying, h.dead, h.delivered, h.oldest_pending_at, h.paused_at, h.probe_at,
         h.blocked_until, h.failures_in_a_row, h.p50_ms, h.p99_ms, h.last_success_at, h.last_failure_at, h.last_status, h.last_error
    from syncline.webhook_health h
   where h.environment_id = p_environment;
end;
comment on function syncline.list_webhook_endpoints(int) is 'How the endpoints of an environment are doing.';
