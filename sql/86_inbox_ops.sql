-- 86_inbox_ops.sql: webhooks of providers once more: of an event, of hours, of one call.
-- Promise: what is asked for happens once: what an earlier round has not begun yet is ended before the next one begins.
-- Lock order: integrations, inbox, connections or syncs, webhook_calls, outbox.
create or replace function syncline.begin_rounds(p_events bigint[], p_target text) returns int
language sql volatile
begin atomic
  with again as (
    update syncline.inbox i
       set state = 'waiting', replays = i.replays + 1, replay_target = p_target, matched = null, handled_at = null
     where i.id = any (p_events) and i.state = 'handled' and i.has_content
    returning i.id
  ), ended as (
    update syncline.webhook_calls c
       set state = 'failed', due_at = null, ended_at = syncline.now(),
           error = '{"type": "replayed", "message": "the event was replayed before this call was made"}'
      from again a
     where c.inbox_id = a.id and c.state = 'waiting' and p_target is distinct from 'forwards'
  ), dropped as (
    delete from syncline.outbox o
     using again a
     where o.inbox_id = a.id and o.state = 'pending' and p_target is distinct from 'functions'
  )
  select count(*)::int from again;
end;
comment on function syncline.begin_rounds(bigint[], text) is 'Let handled events wait to be handled anew (target: functions, forwards, null for both), ending what of the former round was not begun; how many.';

create or replace function syncline.check_event(p_event bigint) returns syncline.inbox
language plpgsql volatile as $$
declare
  v_row syncline.inbox;
begin
  select i.* into v_row from syncline.inbox i where i.id = p_event for update;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such event', detail = format('event %s', p_event),
      hint = 'select event_id, integration, received_at, events, state from syncline.inbox_overview order by event_id desc limit 20;';
  elsif v_row.state = 'refused' then
    raise exception using errcode = 'SL005', message = 'event is refused', detail = format('event %s: %s', p_event, v_row.reason),
      hint = format('When the secret is mended, have it judged again: POST /events/%s/judge', v_row.uid);
  elsif v_row.content_sealed is null then
    raise exception using errcode = 'SL005', message = 'content is gone', detail = format('event %s', p_event),
      hint = 'It was shredded when the connection it was about was deleted.';
  end if;
  return v_row;
end $$;
comment on function syncline.check_event(bigint) is 'An event that can be handled again, its row locked. SL002 "no such event"; SL005 "event is refused", "content is gone".';

create or replace function syncline.replay_event(p_event bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row syncline.inbox := syncline.check_event(p_event);
begin
  if v_row.state = 'waiting' then
    return false;
  end if;
  perform syncline.begin_rounds(array[p_event], null);
  perform syncline.ring_inbox();
  return true;
end $$;
comment on function syncline.replay_event(bigint) is 'Handle a provider''s webhook once more: its connections are looked for again, their syncs are called again, the app gets it again under new webhook ids; what the last round had not begun is not done beside that. False when it waits to be handled anyway. SL002 when there is none, SL005 when it was refused or its content is gone. Example: select syncline.replay_event(42);  (event_id of inbox_overview)';

create or replace function syncline.has_failed(p_event bigint, p_target text) returns boolean
language sql stable
return
  (p_target is distinct from 'forwards' and exists (
    select from syncline.webhook_calls c
     where c.inbox_id = p_event and c.state = 'failed'
       and not exists (
         select from syncline.webhook_calls x
          where x.sync_id = c.sync_id and x.inbox_id = c.inbox_id and x.part = c.part and x.replay > c.replay)))
  or (p_target is distinct from 'functions' and exists (
    select from syncline.outbox o
     where o.inbox_id = p_event and o.state = 'dead'
       and not exists (
         select from syncline.outbox x
          where x.inbox_id = p_event and x.id > o.id and x.url = o.url and x.connection_id is not distinct from o.connection_id)));
comment on function syncline.has_failed(bigint, text) is 'Whether the last thing that was done for an event ended badly: a call of a sync failed, or a forward was given up; with a target, of that kind.';

create or replace function syncline.events_with_failures(p_environment int)
returns table (event bigint)
language sql stable
begin atomic
  -- By the indexes of what ended badly: asking has_failed of each of 100,000 events takes 11 s.
  select c.inbox_id from syncline.webhook_calls c where c.environment_id = p_environment and c.state = 'failed'
  union all
  select o.inbox_id from syncline.outbox o where o.environment_id = p_environment and o.state = 'dead' and o.inbox_id is not null;
end;
comment on function syncline.events_with_failures(int) is 'The events for which anything ever ended badly: those of which has_failed may be true.';

create or replace function syncline.events_to_replay(
  p_environment int, p_from timestamptz, p_until timestamptz, p_integration text, p_connection text, p_only text, p_target text)
returns table (id bigint)
language plpgsql stable as $$
declare
  v_integration int := case when p_integration is not null then syncline.resolve_integration(p_environment, p_integration) end;
begin
  if p_from is null or p_until is null then
    raise exception using errcode = 'SL004', message = 'no time given', detail = 'from when and until when',
      hint = 'select syncline.replay_events(1, syncline.now() - interval ''2 hours'', syncline.now() - interval ''1 hour'');';
  elsif p_only not in ('unmatched', 'failed') then
    raise exception using errcode = 'SL004', message = 'bad only', detail = p_only, hint = 'unmatched, failed, or null for all.';
  elsif p_target not in ('functions', 'forwards') then
    raise exception using errcode = 'SL004', message = 'bad target', detail = p_target, hint = 'functions, forwards, or null for both.';
  end if;
  return query
    select i.id
      from syncline.inbox i
     where i.environment_id = p_environment and i.received_at >= p_from and i.received_at < p_until
       and i.state = 'handled' and i.has_content
       and (v_integration is null or i.integration_id = v_integration)
       and (p_connection is null or exists (
         select from syncline.inbox_matches m join syncline.connections n on n.id = m.connection_id
          where m.inbox_id = i.id and n.connection_id = p_connection and n.deleted_at is null))
       and (p_only is distinct from 'unmatched' or i.matched = 0)
       and (p_only is distinct from 'failed' or (
         i.id in (select f.event from syncline.events_with_failures(p_environment) f) and syncline.has_failed(i.id, p_target)))
     order by i.id;
end $$;
comment on function syncline.events_to_replay(int, timestamptz, timestamptz, text, text, text, text) is 'The events that replay_events would replay, with the same arguments.';

create or replace function syncline.count_replay(
  p_environment int, p_from timestamptz, p_until timestamptz, p_integration text default null, p_connection text default null,
  p_only text default null, p_target text default null) returns int
language sql stable
return (
  select count(*)::int
    from syncline.events_to_replay(p_environment, p_from, p_until, p_integration, p_connection, p_only, p_target)
);
comment on function syncline.count_replay(int, timestamptz, timestamptz, text, text, text, text) is 'How many events replay_events would replay; nothing is changed. Example: select syncline.count_replay(1, ''2026-03-01 12:00+00'', ''2026-03-01 13:00+00'', p_only => ''failed'');';

create or replace function syncline.replay_events(
  p_environment int, p_from timestamptz, p_until timestamptz, p_integration text default null, p_connection text default null,
  p_only text default null, p_target text default null) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count int;
begin
  -- Locked one after the other, so that two who replay the same hour do not wait for each other.
  v_count := syncline.begin_rounds(array(
    select i.id
      from syncline.inbox i
      join syncline.events_to_replay(p_environment, p_from, p_until, p_integration, p_connection, p_only, p_target) e on e.id = i.id
     order by i.id
       for update of i), p_target);
  if v_count > 0 then
    perform syncline.ring_inbox();
  end if;
  return v_count;
end $$;
comment on function syncline.replay_events(int, timestamptz, timestamptz, text, text, text, text) is 'Handle the webhooks of providers that came from a time until before another once more, as replay_event does, in the order in which they came; how many. Of one integration or one connection; only: unmatched (no connection was found) or failed (a call of a sync failed, or a forward was given up); target: functions (only syncs are called) or forwards (only the app is told). Refused ones, and those that wait to be handled, are left alone. Example: select syncline.replay_events(1, ''2026-03-01 12:00+00'', ''2026-03-01 13:00+00'', p_integration => ''github'', p_target => ''forwards'');';

create or replace function syncline.attribute_event(p_event bigint, p_connection int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_integration syncline.integrations;
  v_row syncline.inbox;
begin
  -- The integration first, as whoever handles its events does: none is handled meanwhile.
  select n.* into v_integration from syncline.integrations n join syncline.inbox i on i.integration_id = n.id where i.id = p_event
     for no key update of n;
  v_row := syncline.check_event(p_event);
  perform from syncline.connections c where c.id = p_connection and c.integration_id = v_row.integration_id and c.deleted_at is null for share;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such connection', detail = format('connection %s of integration "%s"', p_connection, v_integration.unique_key),
      hint = format('select connection, connection_id from syncline.connection_health where integration_id = %s;', v_integration.id);
  elsif jsonb_array_length(v_row.parts) = 0 then
    raise exception using errcode = 'SL005', message = 'event is about nothing', detail = format('event %s holds no part that could be handed over', p_event);
  end if;
  insert into syncline.inbox_matches as m (inbox_id, connection_id, parts, is_manual)
  values (p_event, p_connection, array(select generate_series(0, jsonb_array_length(v_row.parts) - 1)), true)
      on conflict (inbox_id, connection_id) do update set parts = excluded.parts, is_manual = true where not m.is_manual;
  if not found then
    return false;
  end if;
  if v_row.state = 'handled' then
    update syncline.inbox i
       set replay_target = null, matched = (select count(*) from syncline.inbox_matches m where m.inbox_id = i.id)
     where i.id = p_event;
    perform syncline.ring('run', syncline.make_webhook_runs(syncline.owe_webhook_calls(array[p_event], p_connection)));
    perform syncline.forward_inbox(v_integration, array[p_event], p_connection);
    perform syncline.ring_deliveries();
  end if;
  return true;
end $$;
comment on function syncline.attribute_event(bigint, int) is 'Say that a provider''s webhook is about a connection: its syncs are called and the app is told, for this connection alone; replays go on to it. False when it was said before. SL002 when there is no such event, or no such connection of its integration; SL005 when it was refused or its content is gone. Example: select syncline.attribute_event(42, 7);  (event_id of inbox_overview, connection_id of connection_health)';

create or replace function syncline.refuse_retry(p_call syncline.webhook_calls) returns void
language plpgsql stable as $$
declare
  v_message text;
  v_hint text;
begin
  if p_call.id is null then
    raise exception using errcode = 'SL002', message = 'no such call', hint = 'select * from syncline.webhook_call_overview where state = ''failed'' order by call_id desc limit 20;';
  elsif p_call.state in ('running', 'done') then
    v_message := format('call %s is %s', p_call.id, case p_call.state when 'done' then 'done' else 'being made' end);
    v_hint := case p_call.state when 'done' then format('To handle its event once more: select syncline.replay_event(%s);', p_call.inbox_id)
                   else format('To stop it first: select syncline.cancel_run(%s);', p_call.run_id) end;
  elsif exists (select from syncline.syncs s where s.id = p_call.sync_id and s.deleted_at is not null) then
    v_message := format('the sync of call %s is deleted', p_call.id);
    v_hint := 'Deploy the function again, then replay the event.';
  elsif not (select i.has_content from syncline.inbox i where i.id = p_call.inbox_id) then
    v_message := 'content is gone';
    v_hint := 'It was shredded when the connection it was about was deleted.';
  elsif exists (
    select from syncline.webhook_calls x
     where x.sync_id = p_call.sync_id and x.inbox_id = p_call.inbox_id and x.part = p_call.part and x.replay > p_call.replay)
  then
    v_message := format('the event of call %s was replayed', p_call.id);
    v_hint := format('select * from syncline.webhook_call_overview where event_id = %s;', p_call.inbox_id);
  else
    return;
  end if;
  raise exception using errcode = 'SL005', message = v_message, hint = v_hint;
end $$;
comment on function syncline.refuse_retry(syncline.webhook_calls) is 'SL005 that says what to do instead when a call is not one to be made again now. SL002 when there is none.';

create or replace function syncline.retry_webhook_call(p_call bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_call syncline.webhook_calls;
begin
  -- The sync is deleted, or will not be until commit.
  perform from syncline.syncs s join syncline.webhook_calls c on c.sync_id = s.id where c.id = p_call for key share of s;
  select c.* into v_call from syncline.webhook_calls c where c.id = p_call for update;
  perform syncline.refuse_retry(v_call);
  update syncline.webhook_calls c
     set state = 'waiting', attempts = 0, due_at = syncline.now(), ended_at = null, run_id = null
   where c.id = p_call;
  perform syncline.ring('run', syncline.make_webhook_runs(array[v_call.sync_id]));
  return v_call.state = 'failed';
end $$;
comment on function syncline.retry_webhook_call(bigint) is 'Make a failed call of onWebhook once more, at once and with all its attempts; it comes before later ones of its sync. One that waits for its next attempt waits no more: false. SL002 when there is none, SL005 with what to do instead when it is being made, is done, or cannot be made any more. Example: select syncline.retry_webhook_call(7);  all that failed in an hour: select syncline.retry_webhook_call(call_id) from syncline.webhook_call_overview where state = ''failed'' and ended_at > syncline.now() - interval ''1 hour'' and error_type <> ''replayed'' order by call_id;';
