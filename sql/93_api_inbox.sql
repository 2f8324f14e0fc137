-- 93_api_inbox.sql: GraphQL's mutations on webhooks of providers. See 93_api_mutation.sql.
create or replace function syncline.own_event(p_id bigint) returns bigint
language plpgsql stable as $$
begin
  if not exists (select from syncline.inbox i where i.id = p_id and i.environment_id = syncline.current_environment()) then
    raise exception using errcode = 'SL002', message = 'no such event', detail = p_id;
  end if;
  return p_id;
end $$;
comment on function syncline.own_event(bigint) is 'An event of the session''s environment. SL002 when it has none of this id.';

create or replace function api.replay_event(event_id bigint) returns api.events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.events;
begin
  perform syncline.replay_event(syncline.own_event(replay_event.event_id));
  select i.* into v_row from api.events i where i.id = replay_event.event_id;
  return v_row;
end $$;
comment on function api.replay_event(bigint) is 'Handle a provider''s webhook once more: its connections are looked for again, their syncs are called again, and the app gets it again under a new webhook-id.';

create or replace function api.replay_events(
  "from" timestamptz, until timestamptz, integration text default null, connection_id text default null,
  "only" text default null, target text default null) returns int
language sql volatile security definer set search_path = ''
return syncline.replay_events(syncline.current_environment(), replay_events."from", replay_events.until, replay_events.integration,
  replay_events.connection_id, replay_events."only", replay_events.target);
comment on function api.replay_events(timestamptz, timestamptz, text, text, text, text) is E'@resultFieldName count\nHandle webhooks of providers that came in a time once more, in the order in which they came; how many. Only: `unmatched` or `failed`. Target: `functions` or `forwards`.';

create or replace function api.attribute_event(event_id bigint, connection_id int) returns api.events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.events;
begin
  perform syncline.attribute_event(syncline.own_event(attribute_event.event_id), attribute_event.connection_id);
  select i.* into v_row from api.events i where i.id = attribute_event.event_id;
  return v_row;
end $$;
comment on function api.attribute_event(bigint, int) is 'Say that a provider''s webhook is about a connection, by its number: its syncs are called and the app is told, for this connection alone.';

create or replace function api.retry_webhook_call(call_id bigint) returns api.webhook_calls
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.webhook_calls;
begin
  if not exists (
    select from syncline.webhook_calls c where c.id = retry_webhook_call.call_id and c.environment_id = syncline.current_environment())
  then
    raise exception using errcode = 'SL002', message = 'no such call', detail = retry_webhook_call.call_id;
  end if;
  perform syncline.retry_webhook_call(retry_webhook_call.call_id);
  select c.* into v_row from api.webhook_calls c where c.id = retry_webhook_call.call_id;
  return v_row;
end $$;
comment on function api.retry_webhook_call(bigint) is 'Make a failed call of a sync''s onWebhook once more, at once.';
