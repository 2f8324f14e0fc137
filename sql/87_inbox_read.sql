-- 87_inbox_read.sql: webhooks of providers as the API shows them.
-- Promise: nothing is found across environments; a page is one statement, from the newest on.
create or replace function syncline.list_events(
  p_environment int, p_state text, p_verdict text, p_is_matched boolean, p_integration text, p_connection text, p_event text,
  p_is_failed boolean, p_from timestamptz, p_until timestamptz, p_before bigint, p_limit int)
returns table (
  id bigint, uid uuid, provider_config_key text, provider text, received_at timestamptz, verdict text, reason text, delivery_id text,
  events text[], bytes int, state text, matched int, connections text[], replays int, duplicates int, handled_at timestamptz,
  has_content boolean)
language sql stable
begin atomic
  select i.id, i.uid, n.unique_key, n.provider, i.received_at, i.verdict, i.reason, i.delivery_id,
         syncline.event_types(i.parts), i.bytes, i.state, i.matched,
         array(select x.connection_id from syncline.inbox_matches m join syncline.connections x on x.id = m.connection_id
                where m.inbox_id = i.id order by x.connection_id limit 100),
         i.replays, i.duplicates, i.handled_at, i.has_content
    from syncline.inbox i
    join syncline.integrations n on n.id = i.integration_id
   where i.environment_id = p_environment and n.deleted_at is null
     and (p_before is null or i.id < p_before)
     and (p_state is null or i.state = p_state)
     and (p_verdict is null or i.verdict = p_verdict)
     and (p_is_matched is distinct from false or i.matched = 0)
     and (p_is_matched is distinct from true or i.matched > 0)
     and (p_integration is null or n.unique_key = p_integration)
     -- "in": found once a statement; "exists" would be asked for each webhook of the environment.
     and (p_connection is null or i.id in (
       select m.inbox_id
         from syncline.integrations o
         join syncline.connections x on x.integration_id = o.id
         join syncline.inbox_matches m on m.connection_id = x.id
        where o.environment_id = p_environment and x.connection_id = p_connection and x.deleted_at is null))
     and (p_event is null or i.parts @> jsonb_build_array(jsonb_build_object('events', jsonb_build_array(p_event))))
     and (not p_is_failed or (
       i.id in (select f.event from syncline.events_with_failures(p_environment) f) and syncline.has_failed(i.id, null)))
     and (p_from is null or i.received_at >= p_from)
     and (p_until is null or i.received_at < p_until)
   order by i.id desc
   limit p_limit;
end;
comment on function syncline.list_events(int, text, text, boolean, text, text, text, boolean, timestamptz, timestamptz, bigint, int) is 'Webhooks of providers, the newest first, from before an id on; null filters match all. At most 100 connections of each are named.';

create or replace function syncline.find_event(p_environment int, p_uid uuid) returns bigint
language plpgsql stable as $$
declare
  v_id bigint;
begin
  select i.id into v_id from syncline.inbox i where i.environment_id = p_environment and i.uid = p_uid;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such event', detail = p_uid;
  end if;
  return v_id;
end $$;
comment on function syncline.find_event(int, uuid) is 'The number of an event of an environment. SL002 "no such event".';

create or replace function syncline.show_matches(p_event bigint) returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(jsonb_build_object(
           'connection_id', n.connection_id, 'provider_config_key', i.unique_key, 'parts', m.parts, 'is_manual', m.is_manual) order by n.connection_id), '[]')
    from syncline.inbox_matches m
    join syncline.connections n on n.id = m.connection_id
    join syncline.integrations i on i.id = n.integration_id
   where m.inbox_id = p_event
);
comment on function syncline.show_matches(bigint) is 'The connections an event is for, as the API shows them.';

create or replace function syncline.show_calls(p_event bigint) returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(jsonb_build_object(
           'id', c.id, 'sync', s.name, 'connection_id', n.connection_id, 'subscription', c.subscription, 'part', c.part,
           'replay', c.replay, 'state', c.state, 'attempts', c.attempts, 'run_id', c.run_id, 'error', c.error,
           'due_at', c.due_at, 'ended_at', c.ended_at) order by c.id), '[]')
    from syncline.webhook_calls c
    join syncline.syncs s on s.id = c.sync_id
    join syncline.connections n on n.id = c.connection_id
   where c.inbox_id = p_event
);
comment on function syncline.show_calls(bigint) is 'The calls of syncs that an event led to, as the API shows them.';

create or replace function syncline.show_forwards(p_event bigint) returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(jsonb_build_object(
           'id', o.id, 'uid', o.uid, 'connection_id', n.connection_id, 'url', o.url, 'state', o.state, 'attempts', o.attempts,
           'next_attempt_at', o.next_attempt_at, 'ended_at', o.ended_at) order by o.id), '[]')
    from syncline.outbox o
    left join syncline.connections n on n.id = o.connection_id
   where o.inbox_id = p_event
);
comment on function syncline.show_forwards(bigint) is 'The webhooks that tell the app of an event, as the API shows them.';

create or replace function syncline.get_event(p_environment int, p_uid uuid)
returns table (
  id bigint, uid uuid, integration_id int, provider_config_key text, provider text, received_at timestamptz, verdict text, reason text,
  delivery_id text, events text[], bytes int, state text, matched int, replays int, replay_target text, duplicates int,
  last_duplicate_at timestamptz, handled_at timestamptz, has_content boolean, parts jsonb, content_sealed bytea,
  matches jsonb, calls jsonb, forwards jsonb, why jsonb)
language sql stable
begin atomic
  select i.id, i.uid, i.integration_id, n.unique_key, n.provider, i.received_at, i.verdict, i.reason,
         i.delivery_id, syncline.event_types(i.parts), i.bytes, i.state, i.matched, i.replays, i.replay_target, i.duplicates,
         i.last_duplicate_at, i.handled_at, i.has_content, i.parts, i.content_sealed,
         syncline.show_matches(i.id), syncline.show_calls(i.id), syncline.show_forwards(i.id),
         (select coalesce(jsonb_agg(jsonb_build_object('reason', w.reason, 'detail', w.detail, 'remedy', w.remedy)), '[]')
            from syncline.why_event(i.id) w)
    from syncline.inbox i
    join syncline.integrations n on n.id = i.integration_id
   where i.environment_id = p_environment and i.uid = p_uid;
end;
comment on function syncline.get_event(int, uuid) is 'One webhook of a provider with its sealed content, whose it is, and all that came of it; no row when there is none.';

create or replace function syncline.accept_refused(
  p_event bigint, p_verdict text, p_delivery_id text, p_dedupe_key bytea, p_parts jsonb) returns void
language plpgsql volatile as $$
declare
  v_row syncline.inbox;
  v_twin bigint;
begin
  select i.* into v_row from syncline.inbox i where i.id = p_event for update;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such event', detail = format('event %s', p_event);
  elsif v_row.state <> 'refused' then
    raise exception using errcode = 'SL005', message = 'event is not refused', detail = format('event %s: %s', p_event, v_row.state);
  end if;
  if p_delivery_id is null then
    perform syncline.release_inbox_keys(array[v_row.integration_id], array[p_dedupe_key]);
  end if;
  begin
    update syncline.inbox
       set verdict = p_verdict, reason = null, state = 'waiting', delivery_id = p_delivery_id, dedupe_key = p_dedupe_key, parts = p_parts
     where id = p_event;
  exception when unique_violation then
    select i.id into v_twin from syncline.inbox i where i.integration_id = v_row.integration_id and i.dedupe_key = p_dedupe_key;
    raise exception using errcode = 'SL005', message = 'event came again', detail = format('event %s is the same', v_twin),
      hint = 'The provider sent it once more, and that one was accepted.';
  end;
  perform syncline.ring_inbox();
end $$;
comment on function syncline.accept_refused(bigint, text, text, bytea, jsonb) is 'Take a refused webhook after all, which was judged again. SL005 when it is not refused, or came again since and was accepted.';
