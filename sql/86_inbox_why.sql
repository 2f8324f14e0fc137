-- 86_inbox_why.sql: what became of a provider's webhook, in words for people, each with what to do about it.
-- Promise: every event has at least one line, in the order in which things happen to it; asking changes and locks nothing.
create or replace function syncline.describe_lookup(p_lookup jsonb) returns text
language sql immutable parallel safe
return case p_lookup ->> 'by' when 'all' then 'any connection' else format('%s = "%s"', p_lookup ->> 'by', p_lookup ->> 'value') end;
comment on function syncline.describe_lookup(jsonb) is 'How connections are looked for, for people: metadata.team = "T1".';

create or replace function syncline.describe_lookups(p_parts jsonb) returns text
language sql immutable parallel safe
return (
  select coalesce(string_agg(distinct x.says, ' or '), 'nothing: it names no connection')
    from jsonb_array_elements(p_parts) p (part)
   cross join jsonb_array_elements(p.part -> 'lookups') l (lookup)
   cross join lateral (select syncline.describe_lookup(l.lookup) as says) x
);
comment on function syncline.describe_lookups(jsonb) is 'What the parts of an event say about whose it is, for people.';

create or replace function syncline.event_types(p_parts jsonb) returns text[]
language sql immutable parallel safe
return array(
  select distinct e.name
    from jsonb_array_elements(p_parts) p (part)
   cross join jsonb_array_elements_text(p.part -> 'events') e (name)
   order by e.name);
comment on function syncline.event_types(jsonb) is 'The types of event that the parts of a webhook have.';

create or replace function syncline.last_calls(p_event bigint)
returns table (id bigint, sync_id int, connection_id int, part int, state text, attempts int, due_at timestamptz, run_id bigint, error jsonb, ended_at timestamptz)
language sql stable
begin atomic
  select c.id, c.sync_id, c.connection_id, c.part, c.state, c.attempts, c.due_at, c.run_id, c.error, c.ended_at
    from syncline.webhook_calls c
   where c.inbox_id = p_event
     and not exists (
       select from syncline.webhook_calls x
        where x.sync_id = c.sync_id and x.inbox_id = c.inbox_id and x.part = c.part and x.replay > c.replay)
   order by c.id;
end;
comment on function syncline.last_calls(bigint) is 'The calls that an event led to: of those of several rounds the last.';

create or replace function syncline.reasons_at_the_door(p_event bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 1, 'refused', format('%s, %s ago: neither handled nor forwarded', i.reason, syncline.format_span(syncline.now() - i.received_at)),
         format('When the secret is mended: POST /events/%s/judge', i.uid)
    from syncline.inbox i
   where i.id = p_event and i.state = 'refused'
  union all
  select 2, 'not handled yet', format('since %s; %s of its integration are before it%s',
           syncline.format_span(syncline.now() - i.received_at),
           (select count(*) from syncline.inbox o where o.integration_id = i.integration_id and o.state = 'waiting' and o.id < i.id),
           case when n.deleted_at is not null then '; the integration is deleted: it will not be handled'
                when syncline.count_workers() = 0 then '; no worker is alive' else '' end),
         case when n.deleted_at is null and syncline.count_workers() = 0 then 'Start one: syncline start --role worker' end
    from syncline.inbox i
    join syncline.integrations n on n.id = i.integration_id
   where i.id = p_event and i.state = 'waiting'
  union all
  select 3, 'content is gone', 'what the provider sent was shredded when the connection it was about was deleted', null
    from syncline.inbox i
   where i.id = p_event and not i.has_content;
end;
comment on function syncline.reasons_at_the_door(bigint) is 'What became of an event before anybody looked for its connections.';

create or replace function syncline.reasons_of_match(p_event bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 4, 'no connection', format('looked for %s: no connection of %s has it', syncline.describe_lookups(i.parts), n.unique_key),
         format('select syncline.attribute_event(%s, <connection>);  or give a connection what was looked for, then: select syncline.replay_event(%s);', i.id, i.id)
    from syncline.inbox i
    join syncline.integrations n on n.id = i.integration_id
   where i.id = p_event and i.state = 'handled' and i.matched = 0 and i.has_content
  union all
  select 5, 'no subscription', format('no sync of connection "%s" subscribes to %s; %s', n.connection_id, t.types, coalesce(s.says, 'it has no sync')),
         'Add the type to webhookSubscriptions of a sync and deploy it; then: ' || format('select syncline.replay_event(%s);', i.id)
    from syncline.inbox i
    join syncline.inbox_matches m on m.inbox_id = i.id
    join syncline.connections n on n.id = m.connection_id
   cross join lateral (select coalesce('"' || array_to_string(syncline.event_types(i.parts), '" or "') || '"', 'it') as types) t
   cross join lateral (
     select 'subscriptions are ' || string_agg(format('%s: %s', f.name,
              coalesce((select string_agg(x.name, ', ') from jsonb_array_elements_text(f.definition -> 'webhook_subscriptions') x (name)), 'none')), '; ' order by f.name) as says
       from syncline.syncs y
       join syncline.functions f on f.id = y.function_id
      where y.connection_id = n.id and y.variant = 'base' and y.deleted_at is null) s
   where i.id = p_event and i.state = 'handled'
     and not exists (select from syncline.webhook_calls c where c.inbox_id = i.id and c.connection_id = n.id);
end;
comment on function syncline.reasons_of_match(bigint) is 'Whether connections were found for an event, and syncs that subscribe to it.';

create or replace function syncline.reasons_of_call(p_event bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 6, case c.state when 'waiting' then 'call waits' when 'running' then 'call is made' when 'failed' then 'call failed' else 'done' end,
         format('sync %s of "%s": ', s.name, n.connection_id) || case
           when c.state = 'running' then format('run %s is at it', c.run_id)
           when c.state = 'failed' then format('%s, after %s attempts', coalesce(left(c.error ->> 'message', 200), c.error ->> 'type'), c.attempts)
           when c.state = 'done' then format('run %s, %s ago', c.run_id, syncline.format_span(syncline.now() - c.ended_at))
           when f.id < c.id then format('it waits behind call %s', f.id)
           when c.due_at > syncline.now() then format('again in %s; attempt %s failed: %s', syncline.format_span(c.due_at - syncline.now()),
             c.attempts, coalesce(left(c.error ->> 'message', 200), 'no message'))
           when r.id is not null then format('run %s is %s', r.id, r.state)
           else 'its run is made when the sync''s turn comes' end,
         case
           when c.state = 'failed' then format('When it is mended: select syncline.retry_webhook_call(%s);', c.id)
           when c.state = 'waiting' and syncline.count_workers() = 0 then 'Start a worker: syncline start --role worker' end
    from syncline.last_calls(p_event) c
    join syncline.syncs s on s.id = c.sync_id
    join syncline.connections n on n.id = c.connection_id
    left join lateral (
      select o.id from syncline.webhook_calls o where o.sync_id = c.sync_id and o.ended_at is null order by o.id limit 1) f on true
    left join syncline.runs r on r.sync_id = c.sync_id and r.kind = 'webhook' and r.state in ('ready', 'running');
end;
comment on function syncline.reasons_of_call(bigint) is 'How the calls of syncs went that an event led to.';

create or replace function syncline.reasons_of_forward(p_event bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 7, 'forward is ' || o.state, format('webhook %s to %s%s', o.id, o.url, case o.state
           when 'delivered' then format(', %s ago', syncline.format_span(syncline.now() - o.ended_at))
           else format(', after %s attempts', o.attempts) end),
         case o.state when 'dead' then format('Again: select syncline.replay_webhook(%s);', o.id) end
    from syncline.outbox o
   where o.inbox_id = p_event
  union all
  select 8, 'not forwarded', case when not n.forward_webhooks then format('integration %s does not forward webhooks', n.unique_key)
           else 'no webhook URL is set, or the forward is older than sent webhooks are kept' end,
         case when not n.forward_webhooks then 'PATCH /integrations/<key> {"forward_webhooks": true}' end
    from syncline.inbox i
    join syncline.integrations n on n.id = i.integration_id
   where i.id = p_event and i.state = 'handled'
     and not exists (select from syncline.outbox o where o.inbox_id = i.id);
end;
comment on function syncline.reasons_of_forward(bigint) is 'Whether the app was told what a provider sent.';

create or replace function syncline.why_event(p_event bigint)
returns table (reason text, detail text, remedy text)
language plpgsql stable as $$
begin
  return query
    select x.reason, x.detail, x.remedy
      from (
        select d.* from syncline.reasons_at_the_door(p_event) d
        union all
        select m.* from syncline.reasons_of_match(p_event) m
        union all
        select c.* from syncline.reasons_of_call(p_event) c
        union all
        select f.* from syncline.reasons_of_forward(p_event) f) x
     order by x.rank;
  if not found and not exists (select from syncline.inbox i where i.id = p_event) then
    raise exception using errcode = 'SL002', message = 'no such event', detail = format('event %s', p_event),
      hint = 'select event_id, integration, received_at, events, state from syncline.inbox_overview order by event_id desc limit 20;';
  end if;
end $$;
comment on function syncline.why_event(bigint) is 'What became of a provider''s webhook, and what to do about each thing that did not go well. SL002 when there is none. Example: select * from syncline.why_event(42);  of all without a connection: select o.integration, o.received_at, w.* from syncline.inbox_overview o, syncline.why_event(o.event_id) w where o.matched = 0;';
