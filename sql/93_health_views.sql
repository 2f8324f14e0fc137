-- 93_health_views.sql: how connections and functions are doing; webhooks: 93_webhook_health.sql.
create or replace view syncline.connection_health with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       i.provider,
       case
         when a.exhausted_at is not null then 'credentials given up'
         when a.error is not null then 'credentials failing'
         when h.failing > 0 then 'failing'
         when h.stalled > 0 then 'stalled'
         when b.blocked_until is not null then 'rate limited'
         when n.credentials_expire_at < syncline.now() then 'credentials expired'
         when h.syncs > 0 and h.paused = h.syncs then 'paused'
         else 'ok'
       end as status,
       h.syncs,
       h.failing,
       h.stalled,
       h.paused,
       h.last_success_at,
       b.blocked_until,
       n.credentials_expire_at,
       coalesce(a.error ->> 'description', a.error ->> 'type') as auth_error,
       (a.error ->> 'since')::timestamptz as auth_failing_since,
       syncline.auth_remedy(a) as auth_remedy,
       n.auth_mode,
       (select coalesce(sum(t.records), 0)::bigint from syncline.streams t where t.connection_id = n.id and t.retired_at is null) as records,
       n.created_at,
       n.last_fetched_at,
       n.id as connection_id,
       n.integration_id,
       n.environment_id
  from syncline.connections n
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = n.environment_id
  left join syncline.connection_auth a on a.connection_id = n.id
 cross join lateral (
   select count(*) as syncs,
          count(*) filter (where s.consecutive_failures > 0) as failing,
          count(*) filter (where s.stalled_at is not null) as stalled,
          count(*) filter (where s.state = 'paused') as paused,
          max(s.last_success_at) as last_success_at
     from syncline.syncs s
    where s.connection_id = n.id and s.deleted_at is null) h
  left join lateral (
   select max(r.blocked_until) as blocked_until
     from syncline.rate_limits r
    where r.integration_id = n.integration_id and (r.connection_id = n.id or r.connection_id is null)
      and r.blocked_until > syncline.now()) b on true
 where n.deleted_at is null;
comment on view syncline.connection_health is 'One row per connection: what its syncs say, whether its provider lets it ask, until when its credentials hold. Example: select * from syncline.connection_health where status <> ''ok'';';
comment on column syncline.connection_health.provider is 'Provider of the integration.';
comment on column syncline.connection_health.status is 'The worst of: credentials given up: they failed on 4 days, nobody tries any more; credentials failing: renewing or testing them failed; failing: the last run of a sync failed; stalled; rate limited; credentials expired: they have to be renewed before the next request; paused: all syncs are; ok.';
comment on column syncline.connection_health.syncs is 'How many syncs it has.';
comment on column syncline.connection_health.failing is 'How many of them failed last time.';
comment on column syncline.connection_health.stalled is 'How many do not get on.';
comment on column syncline.connection_health.paused is 'How many are paused.';
comment on column syncline.connection_health.last_success_at is 'When the latest successful run of any of them began.';
comment on column syncline.connection_health.blocked_until is 'Until when nothing is sent to a host of its provider; null when all may be asked. lift_rate_limits ends it.';
comment on column syncline.connection_health.credentials_expire_at is 'When its credentials end; null: never.';
comment on column syncline.connection_health.auth_error is 'Why its credentials fail; null when they do not.';
comment on column syncline.connection_health.auth_failing_since is 'Since when they do.';
comment on column syncline.connection_health.auth_remedy is 'What to do about it.';
comment on column syncline.connection_health.auth_mode is 'Kind of its credentials.';
comment on column syncline.connection_health.records is 'Live records of all its models.';
comment on column syncline.connection_health.created_at is 'When it was made.';
comment on column syncline.connection_health.last_fetched_at is 'When it was last asked for over the API.';
comment on column syncline.connection_health.connection_id is 'Id of its row: for lift_rate_limits.';

create or replace view syncline.slow_functions with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       f.name as function,
       f.kind,
       count(*) as runs,
       count(*) filter (where r.state = 'failed') as failed,
       count(*) filter (where r.state = 'interrupted') as interrupted,
       date_trunc('milliseconds', percentile_cont(0.5) within group (order by r.finished_at - r.started_at)) as median,
       date_trunc('milliseconds', percentile_cont(0.95) within group (order by r.finished_at - r.started_at)) as p95,
       date_trunc('milliseconds', max(r.finished_at - r.started_at)) as longest,
       date_trunc('milliseconds', sum(r.finished_at - r.started_at)) as total,
       max(r.id) as last_run_id,
       f.integration_id,
       f.environment_id
  from syncline.runs r
  join syncline.functions f on f.id = r.function_id
  join syncline.integrations i on i.id = f.integration_id
  join syncline.environments e on e.id = f.environment_id
 where r.finished_at > syncline.now() - interval '1 day' and r.started_at is not null
 group by e.name, i.unique_key, f.name, f.kind, f.integration_id, f.environment_id
 order by total desc;
comment on view syncline.slow_functions is 'One row per function that ran in the last 24 hours, those that took the most time in all first. Example: select * from syncline.slow_functions limit 20;';
comment on column syncline.slow_functions.function is 'Name of the function, all its versions together.';
comment on column syncline.slow_functions.kind is 'sync, action or on-event.';
comment on column syncline.slow_functions.runs is 'How many runs ended.';
comment on column syncline.slow_functions.failed is 'How many of them failed.';
comment on column syncline.slow_functions.interrupted is 'How many were time slices of a longer run.';
comment on column syncline.slow_functions.median is 'Half of them took no longer.';
comment on column syncline.slow_functions.p95 is 'Of 20 runs, 19 took no longer.';
comment on column syncline.slow_functions.longest is 'The longest one.';
comment on column syncline.slow_functions.total is 'All together.';
comment on column syncline.slow_functions.last_run_id is 'The latest of them: look at run_overview and the log.';
