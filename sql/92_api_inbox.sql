-- 92_api_inbox.sql: what GraphQL shows of webhooks that providers sent. See 90_api.sql.
create or replace view api.events with (security_invoker) as
select i.id, i.environment_id as environment_row, i.integration_id as integration_row, i.uid, i.received_at, i.verdict, i.reason,
       i.delivery_id, syncline.event_types(i.parts) as types, i.parts, i.bytes, i.has_content, i.state, i.matched,
       case when i.matched = 0 then syncline.describe_lookups(i.parts) end as looked_for,
       i.replays, i.duplicates, i.last_duplicate_at, i.handled_at
  from syncline.inbox i;
comment on view api.events is '
@primaryKey id|@fieldName event
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName events
@foreignKey (integration_row) references integrations (id)|@fieldName integration|@foreignFieldName events
@order -id
@filter state verdict matched
@range received_at received
@behavior -totalCount
A webhook that a provider sent. What it says is sealed and not shown here: `GET /events/{uid}` of the REST API opens it.';
comment on column api.events.id is 'Its number; later ones have higher numbers.';
comment on column api.events.uid is 'Its id in the REST API.';
comment on column api.events.received_at is 'When it came.';
comment on column api.events.verdict is E'@enum EventVerdict verified unverified refused\nWhether its signature is right; unverified when there was nothing to check it with.';
comment on column api.events.reason is E'@nullable\nWhy it was refused.';
comment on column api.events.delivery_id is E'@nullable\nThe provider''s own id of it.';
comment on column api.events.types is 'Its types, to which syncs may subscribe.';
comment on column api.events.parts is 'What it is about: for each event in it the types, and how its connections are looked for.';
comment on column api.events.bytes is 'The size of its body.';
comment on column api.events.has_content is 'False once its content is shredded, because the connection it was about is deleted.';
comment on column api.events.state is E'@enum EventState waiting handled refused\nWhether its connections have been looked for.';
comment on column api.events.matched is E'@nullable\nFor how many connections it was. Null until it is handled.';
comment on column api.events.looked_for is E'@nullable\nWhat was looked for when no connection was found.';
comment on column api.events.replays is 'How often it was replayed.';
comment on column api.events.duplicates is 'How often the provider sent it again; it is handled once.';
comment on column api.events.last_duplicate_at is E'@nullable\nWhen it was sent again last.';
comment on column api.events.handled_at is E'@nullable\nWhen its connections were looked for.';

create or replace view api.event_matches with (security_invoker) as
select m.inbox_id as event_row, m.connection_id as connection_row, m.parts, m.is_manual
  from syncline.inbox_matches m;
comment on view api.event_matches is '
@primaryKey event_row,connection_row|@behavior -single
@foreignKey (event_row) references events (id)|@fieldName event|@foreignFieldName connections
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName events
@behavior -query:resource:connection -query:resource:list -order -filter -node -totalCount
That a webhook of a provider is about a connection.';
comment on column api.event_matches.parts is 'Which of its parts are, from 0.';
comment on column api.event_matches.is_manual is 'Whether somebody said so: `attributeEvent`.';

create or replace view api.webhook_calls with (security_invoker) as
select c.id, c.environment_id as environment_row, c.inbox_id as event_row, c.connection_id as connection_row, c.sync_id as sync_row,
       c.run_id as run_row, c.part, c.replay, c.subscription, c.state, c.attempts, c.due_at, c.error, c.created_at, c.ended_at
  from syncline.webhook_calls c;
comment on view api.webhook_calls is '
@primaryKey id|@fieldName webhookCall
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName webhookCalls
@foreignKey (event_row) references events (id)|@fieldName event|@foreignFieldName calls
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName webhookCalls
@foreignKey (sync_row) references syncs (sync_row)|@fieldName sync|@foreignFieldName webhookCalls
@foreignKey (run_row) references runs (id)|@fieldName run|@foreignFieldName webhookCalls
@order -id
@filter state
@via connection_row
@behavior -totalCount
A call of a sync''s onWebhook that a provider''s webhook led to. Those of a sync are made one after the other, in the order of their numbers.';
comment on column api.webhook_calls.id is 'Its number.';
comment on column api.webhook_calls.part is 'Which part of the webhook it is for, from 0.';
comment on column api.webhook_calls.replay is 'Which replay of the event it is for; 0: the first time.';
comment on column api.webhook_calls.subscription is 'Which of the sync''s subscriptions it is made for.';
comment on column api.webhook_calls.state is E'@enum WebhookCallState waiting running done failed\nWhere it is in its life.';
comment on column api.webhook_calls.attempts is 'How often it was made.';
comment on column api.webhook_calls.due_at is E'@nullable\nFrom when on it may be made, after those before it.';
comment on column api.webhook_calls.error is E'@nullable\nWhat the last attempt failed with: {type, message, …}.';
comment on column api.webhook_calls.created_at is 'When its event was handled.';
comment on column api.webhook_calls.ended_at is E'@nullable\nWhen it was done or given up.';
