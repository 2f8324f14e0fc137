-- 36_inbox_handling.sql: from what a provider sent to whom it is about and what is owed for it.
-- Promise: an event is handled once for each time it is accepted or replayed: its matches, the calls it owes to syncs and the
-- webhooks it owes to the app are written in the transaction that says it is handled. Those of an integration are handled in
-- the order they came in, by one at a time.
-- Lock order: integrations with their environment, inbox, connections and syncs (key share), runs.
create or replace function syncline.take_inbox() returns syncline.integrations
language sql volatile
begin atomic
  -- Any of those with something to do: a long queue of one holds up none of the others, and one that fails fails alone.
  with recursive waiting as (
    select min(x.integration_id) as id from syncline.inbox x where x.state = 'waiting'
    union all
    select (select min(x.integration_id) from syncline.inbox x where x.state = 'waiting' and x.integration_id > w.id)
      from waiting w where w.id is not null
  )
  select i.*
    from waiting w
    join syncline.integrations i on i.id = w.id
    join syncline.environments e on e.id = i.environment_id
   order by random()
   limit 1
     for no key update of i skip locked
     for key share of e skip locked;
end;
comment on function syncline.take_inbox() is 'Lock an integration with webhooks to handle until commit; null when there is none that nobody else is at.';

create or replace function syncline.lock_waiting_inbox(p_integration int, p_limit int) returns bigint[]
language plpgsql volatile as $$
declare
  v_first bigint[] := array(
    select x.id from syncline.inbox x
     where x.integration_id = p_integration and x.state = 'waiting' order by x.integration_id, x.id limit p_limit);
  -- Not waited for: whoever counts duplicates locks rows in an order of its own.
  v_free bigint[] := array(
    select x.id from syncline.inbox x
     where x.id = any (v_first) and x.state = 'waiting' order by x.id for no key update skip locked);
begin
  if v_free = v_first then
    return v_free;
  end if;
  -- What came after one that somebody holds must not overtake it.
  return array(
    select f.id from unnest(v_free) as f (id)
     where f.id < (select min(u.id) from unnest(v_first) as u (id) where u.id <> all (v_free)));
end $$;
comment on function syncline.lock_waiting_inbox(int, int) is 'Lock the next webhooks of an integration that are to be handled; their ids in order.';

create or replace function syncline.attribute_inbox(p_integration int, p_ids bigint[]) returns void
language sql volatile
begin atomic
  with part as materialized (
    select x.id, (p.n - 1)::int as part, p.value -> 'lookups' as lookups
      from syncline.inbox x
     cross join lateral jsonb_array_elements(x.parts) with ordinality as p (value, n)
     where x.id = any (p_ids)
  ), asked as materialized (
    select distinct p.lookups from part p
  ), found as materialized (
    select a.lookups, f.connection_id from asked a cross join lateral syncline.find_lookup_connections(p_integration, a.lookups) f
  ), hit as materialized (
    select p.id, f.connection_id, array_agg(p.part order by p.part) as parts
      from part p
      join found f on f.lookups = p.lookups
     group by p.id, f.connection_id
  ), gone as (
    delete from syncline.inbox_matches m
     where m.inbox_id = any (p_ids) and not m.is_manual
       and not exists (select from hit h where h.id = m.inbox_id and h.connection_id = m.connection_id)
  )
  insert into syncline.inbox_matches as m (inbox_id, connection_id, parts)
  select h.id, h.connection_id, h.parts from hit h
      on conflict (inbox_id, connection_id) do update set parts = excluded.parts where m.parts <> excluded.parts and not m.is_manual;
end;
comment on function syncline.attribute_inbox(int, bigint[]) is 'Write down which connections webhooks of an integration are about, as of now; those handed to one by hand stay its.';

create or replace function syncline.owe_webhook_calls(p_ids bigint[], p_connection int default null) returns int[]
language sql volatile
begin atomic
  with hit as materialized (
    select x.id, x.environment_id, x.replays, m.connection_id, u.part,
           array(select jsonb_array_elements_text(x.parts -> u.part -> 'events')) as events
      from syncline.inbox x
      join syncline.inbox_matches m on m.inbox_id = x.id
     cross join lateral unnest(m.parts) as u (part)
     where x.id = any (p_ids) and x.replay_target is distinct from 'forwards' and (p_connection is null or m.connection_id = p_connection)
  ), wanting as materialized (
    -- Waits for one that is being deleted, and then leaves it out.
    select s.id, s.connection_id, f.definition -> 'webhook_subscriptions' as subscriptions
      from syncline.syncs s
      join syncline.functions f on f.id = s.function_id
     where s.connection_id = any (array(select h.connection_id from hit h)) and s.variant = 'base' and s.deleted_at is null
       and jsonb_array_length(f.definition -> 'webhook_subscriptions') > 0
     order by s.id
       for key share of s
  ), made as (
    insert into syncline.webhook_calls (environment_id, connection_id, sync_id, inbox_id, part, replay, subscription)
    select h.environment_id, h.connection_id, w.id, h.id, h.part, h.replays, b.subscription
      from hit h
      join wanting w on w.connection_id = h.connection_id
     cross join lateral (
       select t.subscription from jsonb_array_elements_text(w.subscriptions) with ordinality as t (subscription, n)
        where t.subscription <> '' and (t.subscription = '*' or t.subscription = any (h.events))
        order by t.n limit 1) b
     order by h.id, h.part, w.id -- calls are made in the order of their ids
        on conflict do nothing
    returning sync_id
  )
  select coalesce(array_agg(distinct m.sync_id), '{}') from made m;
end;
comment on function syncline.owe_webhook_calls(bigint[], int) is 'Write the calls that webhooks owe to the syncs of the connections they are about: one for each part and sync that subscribed to its type, or to "*", with a connection for this one alone; the syncs.';

create or replace function syncline.forward_inbox(p_integration syncline.integrations, p_ids bigint[], p_connection int default null) returns int
language sql volatile
return (
  select coalesce(sum(syncline.enqueue_webhook(p_integration.environment_id, f.connection_id, null, 'forward', f.body,
           'forward:' || f.connection_id, f.id)), 0)::int
    from (
      select x.id, n.id as connection_id, case when n.id is null then '{}' else jsonb_build_object(
               'from', p_integration.provider, 'type', 'forward', 'providerConfigKey', p_integration.unique_key,
               'connectionId', n.connection_id) end as body
        from syncline.inbox x
        left join syncline.inbox_matches m on m.inbox_id = x.id
        left join syncline.connections n on n.id = m.connection_id
       where x.id = any (p_ids) and x.replay_target is distinct from 'functions' and (p_connection is null or m.connection_id = p_connection)
         and p_integration.forward_webhooks and p_integration.deleted_at is null and n.deleted_at is null
       order by m.connection_id, x.id -- lanes are locked in this order
      offset 0) f
);
comment on function syncline.forward_inbox(syncline.integrations, bigint[], int) is 'Queue webhooks of an integration for the app, if it forwards them: once for each connection that one is about, once as it came when it is about none; with a connection for this one alone; how many.';

create or replace function syncline.handle_inbox(p_limit int)
returns table (handled int, forwards int, has_more boolean)
language plpgsql volatile as $$
declare
  v_integration syncline.integrations := syncline.take_inbox();
  v_ids bigint[] := syncline.lock_waiting_inbox(v_integration.id, p_limit);
begin
  handled := cardinality(v_ids);
  forwards := 0;
  if handled > 0 then
    perform syncline.attribute_inbox(v_integration.id, v_ids);
    perform syncline.ring('run', syncline.make_webhook_runs(syncline.owe_webhook_calls(v_ids)));
    forwards := syncline.forward_inbox(v_integration, v_ids);
    update syncline.inbox x
       set state = 'handled', handled_at = syncline.now(),
           matched = (select count(*) from syncline.inbox_matches m where m.inbox_id = x.id)
     where x.id = any (v_ids);
  end if;
  has_more := handled > 0 and exists (select from syncline.inbox x where x.state = 'waiting' order by x.integration_id, x.id limit 1);
  return next;
end $$;
comment on function syncline.handle_inbox(int) is 'Handle the next webhooks of one integration, at most so many: who they are about, what syncs and the app are owed for them, the runs that are due; how many, how many were queued for the app, and whether others wait.';
