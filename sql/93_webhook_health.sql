-- 93_webhook_health.sql: how the endpoints are doing to which the app's webhooks go.
-- Promise: a row per endpoint, and for URLs that have none any more but still have webhooks that were given up. What waits is
-- counted; how quick an endpoint is, is said by the environment's last 1,000 webhooks, however many there are.
create or replace view syncline.webhook_health with (security_invoker = true) as
with recent as (
  select o.id, o.environment_id, o.url, o.state, o.attempts, o.created_at, o.next_attempt_at, o.ended_at
    from syncline.outbox o where o.lane_id is not null
  union all
  select o.id, o.environment_id, o.url, o.state, o.attempts, o.created_at, o.next_attempt_at, o.ended_at
    from syncline.outbox o where o.ended_at > syncline.now() - interval '1 day' and o.state = 'delivered'
  union all
  select o.id, o.environment_id, o.url, o.state, o.attempts, o.created_at, o.next_attempt_at, o.ended_at
    from syncline.outbox o where o.state = 'dead'
), counted as (
  select r.environment_id, r.url,
         count(*) filter (where r.state = 'pending') as pending,
         count(*) filter (where r.state = 'pending' and r.attempts > 0) as retrying,
         min(r.created_at) filter (where r.state = 'pending') as oldest_pending_at,
         min(r.next_attempt_at) as next_attempt_at,
         count(*) filter (where r.state = 'delivered') as delivered,
         count(*) filter (where r.state = 'dead') as dead,
         max(r.id) filter (where r.state = 'dead' or (r.state = 'pending' and r.attempts > 0)) as trouble_id
    from recent r
   group by r.environment_id, r.url
), known as (
  select e.environment_id, e.url from syncline.webhook_endpoints e
  union
  select c.environment_id, c.url from counted c
)
select v.name as environment,
       k.url,
       case
         when e.paused_at is not null then 'paused'
         when e.circuit = 'open' then 'resting'
         when e.blocked_until > syncline.now() then 'blocked'
         when c.dead > 0 then 'dead ones'
         when c.retrying > 0 then 'retrying'
         when c.pending > 0 then 'sending'
         else 'ok'
       end as status,
       coalesce(c.pending, 0) as pending,
       coalesce(c.retrying, 0) as retrying,
       coalesce(c.dead, 0) as dead,
       coalesce(c.delivered, 0) as delivered,
       c.oldest_pending_at,
       c.next_attempt_at,
       e.paused_at,
       e.probe_at,
       case when e.blocked_until > syncline.now() then e.blocked_until end as blocked_until,
       coalesce(e.consecutive_failures, 0) as failures_in_a_row,
       q.p50_ms,
       q.p99_ms,
       e.last_success_at,
       e.last_failure_at,
       e.last_status,
       e.last_error,
       c.trouble_id as last_trouble_webhook_id,
       e.id as endpoint_id,
       k.environment_id
  from known k
  join syncline.environments v on v.id = k.environment_id
  left join syncline.webhook_endpoints e on e.environment_id = k.environment_id and e.url = k.url
  left join counted c on c.environment_id = k.environment_id and c.url = k.url
  left join lateral (
   select percentile_disc(0.5) within group (order by d.ms) as p50_ms, percentile_disc(0.99) within group (order by d.ms) as p99_ms
     from (select o.id, o.url from syncline.outbox o where o.environment_id = k.environment_id order by o.id desc limit 1000) n
     join syncline.deliveries d on d.outbox_id = n.id
    where n.url = k.url) q on true
 order by v.name, k.url;
comment on view syncline.webhook_health is 'One row per environment and URL to which the app''s webhooks go. Example: select environment, url, status, pending, dead, last_status, last_error from syncline.webhook_health where status <> ''ok'';  then: select * from syncline.why_webhook_waits(last_trouble_webhook_id);';
comment on column syncline.webhook_health.url is 'Where to.';
comment on column syncline.webhook_health.status is 'paused: by pause_endpoint; resting: its circuit is open after failures in a row, and now and then one is tried; blocked: it asked for a pause (Retry-After); dead ones: some were given up; retrying: some failed and are tried again; sending; ok.';
comment on column syncline.webhook_health.pending is 'How many are to be sent.';
comment on column syncline.webhook_health.retrying is 'How many of these have been tried before.';
comment on column syncline.webhook_health.dead is 'How many were given up, of those that are still kept: they wait for replay_webhook.';
comment on column syncline.webhook_health.delivered is 'How many were delivered in the last 24 hours.';
comment on column syncline.webhook_health.oldest_pending_at is 'When the oldest that is to be sent was written.';
comment on column syncline.webhook_health.next_attempt_at is 'When the first of them is tried, if the endpoint is not left alone.';
comment on column syncline.webhook_health.paused_at is 'When somebody paused it.';
comment on column syncline.webhook_health.probe_at is 'While it rests: when one webhook is tried.';
comment on column syncline.webhook_health.blocked_until is 'Until when it asked to be left alone.';
comment on column syncline.webhook_health.failures_in_a_row is 'Failures since it last took one; settings.webhook_circuit_failures of them make it rest.';
comment on column syncline.webhook_health.p50_ms is 'Half of the attempts at the environment''s last 1,000 webhooks that went there took no longer; null when none did.';
comment on column syncline.webhook_health.p99_ms is 'Of 100 of them, 99 took no longer.';
comment on column syncline.webhook_health.last_success_at is 'When it last took one, give or take 10 s.';
comment on column syncline.webhook_health.last_failure_at is 'When it last did not.';
comment on column syncline.webhook_health.last_status is 'Status of its last answer that said something new; null when it did not answer.';
comment on column syncline.webhook_health.last_error is 'Network error instead of an answer.';
comment on column syncline.webhook_health.last_trouble_webhook_id is 'The newest one that failed or was given up: for why_webhook_waits, replay_webhook.';
comment on column syncline.webhook_health.endpoint_id is 'For pause_endpoint, resume_endpoint, probe_endpoint.';
