-- 92_inbox_views.sql: what providers sent, and what syncs were called for it, as an operator looks at it.
create or replace view syncline.inbox_overview with (security_invoker = true) as
select e.name as environment,
       n.unique_key as integration,
       n.provider,
       i.received_at,
       i.verdict,
       i.reason,
       syncline.event_types(i.parts) as events,
       i.state,
       i.matched,
       (select string_agg(x.connection_id, ', ' order by x.connection_id)
          from syncline.inbox_matches m join syncline.connections x on x.id = m.connection_id where m.inbox_id = i.id) as connections,
       case when i.matched = 0 then syncline.describe_lookups(i.parts) end as looked_for,
       c.waiting as calls_waiting,
       c.running as calls_running,
       c.done as calls_done,
       c.failed as calls_failed,
       o.pending as forwards_pending,
       o.delivered as forwards_delivered,
       o.dead as forwards_dead,
       i.replays,
       i.duplicates,
       i.bytes,
       i.has_content,
       i.handled_at,
       i.delivery_id,
       i.id as event_id,
       i.uid as event_uid,
       i.integration_id,
       i.environment_id
  from syncline.inbox i
  join syncline.integrations n on n.id = i.integration_id
  join syncline.environments e on e.id = i.environment_id
 cross join lateral (
   select count(*) filter (where x.state = 'waiting') as waiting,
          count(*) filter (where x.state = 'running') as running,
          count(*) filter (where x.state = 'done') as done,
          count(*) filter (where x.state = 'failed') as failed
     from syncline.last_calls(i.id) x) c
 cross join lateral (
   select count(*) filter (where x.state = 'pending') as pending,
          count(*) filter (where x.state = 'delivered') as delivered,
          count(*) filter (where x.state = 'dead') as dead
     from syncline.outbox x
    where x.inbox_id = i.id) o;
comment on view syncline.inbox_overview is 'One row per webhook that a provider sent, kept for settings.inbox_retention, refused ones for a day at most. Quick by event_id, environment_id, or for the newest. Example: select * from syncline.inbox_overview order by event_id desc limit 20;  then: select * from syncline.why_event(event_id);';
comment on column syncline.inbox_overview.provider is 'Provider of the integration.';
comment on column syncline.inbox_overview.received_at is 'When it came.';
comment on column syncline.inbox_overview.verdict is 'verified: its signature is right; unverified: nothing was there to check it with; refused: it is wrong.';
comment on column syncline.inbox_overview.reason is 'Why it was refused.';
comment on column syncline.inbox_overview.events is 'Its types, to which syncs may subscribe.';
comment on column syncline.inbox_overview.state is 'waiting: not handled yet; handled: connections were looked for, calls and forwards are rows; refused.';
comment on column syncline.inbox_overview.matched is 'For how many connections it was; 0: for none, see looked_for. Null until it is handled.';
comment on column syncline.inbox_overview.connections is 'Their ids as the app knows them; those deleted since are missing.';
comment on column syncline.inbox_overview.looked_for is 'What was looked for when no connection was found.';
comment on column syncline.inbox_overview.calls_waiting is 'Calls of onWebhook that wait: see webhook_call_overview.';
comment on column syncline.inbox_overview.calls_running is 'Calls that are being made.';
comment on column syncline.inbox_overview.calls_done is 'Calls that went well.';
comment on column syncline.inbox_overview.calls_failed is 'Calls that were given up: retry_webhook_call, or replay_event.';
comment on column syncline.inbox_overview.forwards_pending is 'Webhooks to the app about it that are to be sent.';
comment on column syncline.inbox_overview.forwards_delivered is 'Those the app has got.';
comment on column syncline.inbox_overview.forwards_dead is 'Those that were given up: replay_webhook.';
comment on column syncline.inbox_overview.replays is 'How often it was replayed.';
comment on column syncline.inbox_overview.duplicates is 'How often the provider sent it again; it is handled once.';
comment on column syncline.inbox_overview.bytes is 'Size of its body.';
comment on column syncline.inbox_overview.has_content is 'False once it was shredded, because the connection it was about is deleted.';
comment on column syncline.inbox_overview.handled_at is 'When connections were looked for.';
comment on column syncline.inbox_overview.delivery_id is 'The provider''s own id of it.';
comment on column syncline.inbox_overview.event_id is 'For why_event, replay_event, attribute_event.';
comment on column syncline.inbox_overview.event_uid is 'Id of the event in the API: its body is read by GET /events/<uid>.';

create or replace view syncline.webhook_call_overview with (security_invoker = true) as
select e.name as environment,
       n.unique_key as integration,
       x.connection_id as connection,
       s.name as sync,
       c.subscription,
       c.state,
       c.attempts,
       c.due_at,
       c.created_at,
       c.ended_at,
       date_trunc('milliseconds', coalesce(c.ended_at, syncline.now()) - i.received_at) as since_received,
       c.error ->> 'type' as error_type,
       c.error ->> 'message' as error,
       c.part,
       c.replay,
       c.id as call_id,
       c.inbox_id as event_id,
       i.uid as event_uid,
       c.run_id,
       c.sync_id,
       c.connection_id,
       x.integration_id,
       c.environment_id
  from syncline.webhook_calls c
  join syncline.inbox i on i.id = c.inbox_id
  join syncline.connections x on x.id = c.connection_id
  join syncline.integrations n on n.id = x.integration_id
  join syncline.environments e on e.id = c.environment_id
  join syncline.syncs s on s.id = c.sync_id;
comment on view syncline.webhook_call_overview is 'One row per call of a sync''s onWebhook that a provider''s webhook led to. Quick by call_id, event_id, sync_id, connection_id, and for failed ones. Example: select * from syncline.webhook_call_overview where state = ''failed'' order by call_id desc limit 20;  then: select syncline.retry_webhook_call(call_id);';
comment on column syncline.webhook_call_overview.sync is 'Name of the sync.';
comment on column syncline.webhook_call_overview.subscription is 'Which of its webhookSubscriptions it is called for.';
comment on column syncline.webhook_call_overview.state is 'waiting, running, done or failed. The calls of a sync are made one after the other, in the order of their ids.';
comment on column syncline.webhook_call_overview.attempts is 'How often it was made; settings.webhook_call_attempts is the most.';
comment on column syncline.webhook_call_overview.due_at is 'From when on it may be made, after those before it.';
comment on column syncline.webhook_call_overview.created_at is 'When the event was handled.';
comment on column syncline.webhook_call_overview.ended_at is 'When it was done or given up.';
comment on column syncline.webhook_call_overview.since_received is 'From the webhook''s arrival until it ended, or until now.';
comment on column syncline.webhook_call_overview.error_type is 'Kind of the last failure; replayed: its event was replayed before it was made.';
comment on column syncline.webhook_call_overview.error is 'What the last attempt failed with.';
comment on column syncline.webhook_call_overview.part is 'Which part of the webhook it is for, from 0.';
comment on column syncline.webhook_call_overview.replay is 'Which replay of the event it is for; 0: the first time.';
comment on column syncline.webhook_call_overview.call_id is 'For retry_webhook_call.';
comment on column syncline.webhook_call_overview.event_id is 'For why_event, replay_event, and inbox_overview.';
comment on column syncline.webhook_call_overview.event_uid is 'Id of the event in the API.';
comment on column syncline.webhook_call_overview.run_id is 'The run that makes or made it: see run_overview and the log.';
comment on column syncline.webhook_call_overview.sync_id is 'For why_waiting.';
