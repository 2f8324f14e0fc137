-- 92_api_webhook.sql: what GraphQL shows of the app's webhooks: where they go, what was sent, and each attempt. See 90_api.sql.
create or replace view api.webhook_endpoints with (security_invoker) as
select e.id, e.environment_id as environment_row, e.url,
       case
         when e.paused_at is not null then 'paused'
         when e.circuit = 'open' then 'resting'
         when e.blocked_until > syncline.now() then 'blocked'
         else 'open'
       end as state,
       e.paused_at, e.probe_at, case when e.blocked_until > syncline.now() then e.blocked_until end as blocked_until,
       e.consecutive_failures, e.last_status, e.last_error, e.last_success_at, e.last_failure_at,
       -- What waits and what was given up may be millions, and a page has many endpoints.
       (select count(*) from (
         select from syncline.webhook_lanes l join syncline.outbox o on o.lane_id = l.id where l.endpoint_id = e.id limit 1000) x) as pending_count,
       (select count(*) from (
         select from syncline.outbox o where o.environment_id = e.environment_id and o.state = 'dead' and o.url = e.url limit 1000) x) as dead_count
  from syncline.webhook_endpoints e;
comment on view api.webhook_endpoints is '
@primaryKey id|@behavior -single
@unique environment_row,url|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName webhookEndpoints
@order url
A URL to which webhooks to the app go.';
comment on column api.webhook_endpoints.id is 'Its number.';
comment on column api.webhook_endpoints.url is 'The URL.';
comment on column api.webhook_endpoints.state is E'@enum WebhookEndpointState open paused resting blocked\nWhether it is sent anything: not when somebody paused it, when it rests after failures in a row (now and then one webhook is tried), or when it asked for a pause.';
comment on column api.webhook_endpoints.paused_at is E'@nullable\nWhen somebody paused it.';
comment on column api.webhook_endpoints.probe_at is E'@nullable\nWhile it rests: when one webhook is tried.';
comment on column api.webhook_endpoints.blocked_until is E'@nullable\nUntil when it asked to be left alone.';
comment on column api.webhook_endpoints.consecutive_failures is 'Failures since it last took one.';
comment on column api.webhook_endpoints.last_status is E'@nullable\nThe status of its last answer that said something new.';
comment on column api.webhook_endpoints.last_error is E'@nullable\nWhy there was no answer.';
comment on column api.webhook_endpoints.last_success_at is E'@nullable\nWhen it last took one, give or take 10 seconds.';
comment on column api.webhook_endpoints.last_failure_at is E'@nullable\nWhen it last did not.';
comment on column api.webhook_endpoints.pending_count is 'How many are to be sent; 1000: that many or more.';
comment on column api.webhook_endpoints.dead_count is 'How many were given up and wait for `replayWebhooks`; 1000: that many or more.';

create or replace view api.webhooks with (security_invoker) as
select o.id, o.environment_id as environment_row, o.connection_id as connection_row, o.run_id as run_row, o.uid, o.kind, o.url, o.body,
       o.state, o.attempts, o.next_attempt_at, o.created_at, o.ended_at, o.lane, o.inbox_id as event_row
  from syncline.outbox o;
comment on view api.webhooks is '
@primaryKey id|@fieldName webhook
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName webhooks
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName webhooks
@foreignKey (run_row) references runs (id)|@fieldName run|@foreignFieldName webhooks
@foreignKey (environment_row,url) references webhook_endpoints (environment_row,url)|@fieldName endpoint|@foreignFieldName webhooks
@foreignKey (event_row) references events (id)|@fieldName event|@foreignFieldName webhooks
@order -id
@filter state kind
@via connection_row
@behavior -totalCount
A webhook to the app, for one destination.';
comment on column api.webhooks.id is 'Its number; later ones have higher numbers.';
comment on column api.webhooks.uid is 'The id that the receiver sees in the header webhook-id.';
comment on column api.webhooks.kind is E'@enum WebhookKind sync auth forward async_action deletes_need_approval\nWhat it tells.';
comment on column api.webhooks.url is 'Where it goes.';
comment on column api.webhooks.body is 'What it says.';
comment on column api.webhooks.state is E'@enum WebhookState pending delivered dead\nWhether it was heard. Dead ones are tried again only by `replayWebhook`.';
comment on column api.webhooks.attempts is 'How often it was tried since it was made or replayed.';
comment on column api.webhooks.next_attempt_at is E'@nullable\nWhen it is tried next.';
comment on column api.webhooks.created_at is 'When it was made.';
comment on column api.webhooks.ended_at is E'@nullable\nWhen it was delivered or given up.';
comment on column api.webhooks.lane is E'@nullable\nWhat it keeps its order with, such as `stream:7`: of those to one endpoint that have the same, the one with the lowest number is sent first.';

create or replace view api.deliveries with (security_invoker) as
select d.id, o.id as webhook_row, o.environment_id as environment_row, d.attempt, d.at, d.status, d.ms as milliseconds, d.error
  from syncline.outbox o
  join syncline.deliveries d on d.outbox_id = o.id;
comment on view api.deliveries is '
@primaryKey id|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName deliveries
@foreignKey (webhook_row) references webhooks (id)|@fieldName webhook|@foreignFieldName deliveries
@order -webhook_row,id
@behavior -totalCount
One attempt to deliver a webhook.';
comment on column api.deliveries.id is 'Its number.';
comment on column api.deliveries.attempt is 'Which attempt it was, from 1.';
comment on column api.deliveries.at is 'When it was.';
comment on column api.deliveries.status is E'@nullable\nThe HTTP status of the answer.';
comment on column api.deliveries.milliseconds is 'How long it took.';
comment on column api.deliveries.error is E'@nullable\nWhy there was no answer.';
