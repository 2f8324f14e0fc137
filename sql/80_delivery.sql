-- 80_delivery.sql: sending what the outbox holds.
-- Promise: at least once, never forgotten: a claimed lane comes due again by itself when its sender dies; each attempt is a
-- row. In order: only the first pending row of a lane is sent. Tried again: network errors, 408, 425, 429, 5xx; any other
-- answer but 2xx ends it at once, and the lane goes on.
-- Lock order: lanes, then outbox rows, then endpoints. A claim waits for no lane.
create or replace function syncline.advance_lane(p_lane bigint) returns void
language plpgsql volatile as $$
declare
  v_next timestamptz;
begin
  select o.next_attempt_at into v_next from syncline.outbox o where o.lane_id = p_lane order by o.id limit 1;
  if found then
    update syncline.webhook_lanes l set next_at = v_next, sending_until = null, is_probe = false where l.id = p_lane;
  else
    delete from syncline.webhook_lanes l where l.id = p_lane;
  end if;
end $$;
comment on function syncline.advance_lane(bigint) is 'Let a lane, which the caller has locked, go on with its first pending row; without one it goes.';

create or replace function syncline.take_lanes(p_endpoint int, p_limit int) returns bigint[]
language plpgsql volatile as $$
declare
  v_room int := least(p_limit, syncline.room_of_endpoint(p_endpoint));
  v_is_probe boolean := (select e.circuit = 'open' from syncline.webhook_endpoints e where e.id = p_endpoint);
  v_until timestamptz := syncline.now() + interval '1 min'; -- the request may take 20 s
  v_lanes bigint[];
begin
  with due as (
    select l.id
      from syncline.webhook_lanes l
     where l.endpoint_id = p_endpoint and l.next_at <= syncline.now()
     order by l.next_at, l.id
     limit v_room
       for no key update skip locked
  ), taken as (
    update syncline.webhook_lanes l
       set next_at = v_until, sending_until = v_until, is_probe = v_is_probe
      from due
     where l.id = due.id
    returning l.id
  )
  select array_agg(t.id) into v_lanes from taken t;
  return coalesce(v_lanes, '{}');
end $$;
comment on function syncline.take_lanes(int, int) is 'Take due lanes of an endpoint, as many as it has room for; the caller alone claims for it.';

create or replace function syncline.spend_rows(p_lanes bigint[]) returns bigint[]
language plpgsql volatile as $$
declare
  v_rows bigint[];
  v_lane bigint;
  v_spent bigint[];
begin
  -- Looked up once the lanes are ours: what was first before may have been sent since.
  select array_agg(f.id), array_agg(k.lane) filter (where f.id is null or f.attempts >= c.webhook_max_attempts)
    into v_rows, v_spent
    from unnest(p_lanes) as k (lane)
   cross join syncline.settings c
    left join lateral (select o.id, o.attempts from syncline.outbox o where o.lane_id = k.lane order by o.id limit 1) f on true;
  -- Every sender died before it could say how it went: that is an end too, or one row could go on killing senders.
  update syncline.outbox o
     set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now()
   where o.id = any (v_rows) and o.lane_id = any (v_spent);
  foreach v_lane in array coalesce(v_spent, '{}') loop
    perform syncline.advance_lane(v_lane);
  end loop;
  return v_rows;
end $$;
comment on function syncline.spend_rows(bigint[]) is 'The first pending rows of lanes that were taken; those without attempts left are ended, and lanes without a row go.';

create or replace function syncline.claim_deliveries(p_limit int)
returns table (id bigint, token bigint, uid uuid, attempt int, kind text, url text, body jsonb, created_at timestamptz,
  environment_id int, connection_id int, run_id bigint, inbox_id bigint, signing_key_sealed bytea)
language plpgsql volatile as $$
declare
  v_endpoint int;
  v_lanes bigint[] := '{}';
  v_rows bigint[];
begin
  for v_endpoint in select d.id from syncline.list_due_endpoints() d loop
    exit when cardinality(v_lanes) >= p_limit;
    -- Who counts what is on its way must be the only one; whoever is at it takes what is due.
    if pg_try_advisory_xact_lock(hashtext('syncline.take_lanes'), v_endpoint) then
      v_lanes := v_lanes || syncline.take_lanes(v_endpoint, p_limit - cardinality(v_lanes));
    end if;
  end loop;
  if v_lanes = '{}' then
    return;
  end if;
  v_rows := syncline.spend_rows(v_lanes);
  return query
    update syncline.outbox o
       set attempts = o.attempts + 1, token = o.token + 1
      from syncline.environments e
     where o.id = any (v_rows) and o.lane_id is not null and e.id = o.environment_id
    returning o.id, o.token, o.uid, o.attempts, o.kind, o.url, o.body, o.created_at, o.environment_id, o.connection_id, o.run_id,
      o.inbox_id, e.signing_key_sealed;
end $$;
comment on function syncline.claim_deliveries(int) is 'Take due webhooks to send, the first of each lane, for a minute.';

create or replace function syncline.next_attempt(p_uid uuid, p_attempts int, p_retry_after interval) returns timestamptz
language sql stable
return (
  -- Exponential from the first to the last wait (10 s, 39 s, 2.5 min ... 10 h by default), +-20 % by the row's own uid.
  select syncline.now() + greatest(coalesce(p_retry_after, interval '0'), least(
    c.webhook_last_retry,
    c.webhook_first_retry * power(
      extract(epoch from c.webhook_last_retry) / extract(epoch from c.webhook_first_retry),
      (p_attempts - 1)::numeric / greatest(c.webhook_max_attempts - 2, 1))) * (0.8 + 0.4 * j.jitter))
    from syncline.settings c,
         (select ('x' || substr(md5(p_uid::text || p_attempts), 1, 8))::bit(32)::bigint / 4294967296.0 as jitter) j
);
comment on function syncline.next_attempt(uuid, int, interval) is 'When to try a webhook again after that many attempts; no sooner than the receiver asked.';

create or replace function syncline.finish_delivery(
  p_id bigint, p_token bigint, p_status int, p_ms int, p_error text, p_retry_after interval) returns text
language plpgsql volatile as $$
declare
  v_at record;
  v_retry_after interval := case when p_retry_after is not null then least(p_retry_after, '1 day') end;
  v_is_retried boolean := p_status is null or p_status in (408, 425, 429) or p_status >= 500;
  v_state text;
begin
  select l.id as lane_id, l.endpoint_id, l.is_probe, o.uid, o.attempts, o.attempts >= c.webhook_max_attempts as is_last,
         e.circuit = 'closed' and e.consecutive_failures = 0 and e.last_status = p_status
           and e.last_success_at > syncline.now() - interval '10 s' as is_known
    into v_at
    from syncline.outbox o
    join syncline.webhook_lanes l on l.id = o.lane_id
    join syncline.webhook_endpoints e on e.id = l.endpoint_id
   cross join syncline.settings c
   where o.id = p_id and o.token = p_token
     for no key update of l;
  v_state := case
    when p_status between 200 and 299 then 'delivered'
    when not v_is_retried or v_at.is_last then 'dead'
    else 'pending'
  end;
  -- The token once more: it may be another's by the time that the lane is ours.
  update syncline.outbox o
     set state = v_state,
         lane_id = case when v_state = 'pending' then o.lane_id end,
         next_attempt_at = case when v_state = 'pending' then syncline.next_attempt(v_at.uid, v_at.attempts, v_retry_after) end,
         ended_at = case when v_state <> 'pending' then syncline.now() end
   where o.id = p_id and o.token = p_token and o.lane_id = v_at.lane_id;
  if not found then
    return null;
  end if;
  insert into syncline.deliveries (outbox_id, attempt, status, ms, error) values (p_id, v_at.attempts, p_status, p_ms, p_error);
  perform syncline.advance_lane(v_at.lane_id);
  -- The endpoint's row is everybody's who sends there: it is written when it would say something new, or every 10 s.
  if v_state = 'delivered' then
    if v_at.is_known is not true then
      perform syncline.note_success(v_at.endpoint_id, p_status);
    end if;
  else
    perform syncline.note_failure(v_at.endpoint_id, p_status, p_error, v_is_retried, v_at.is_probe, v_retry_after);
  end if;
  return v_state;
end $$;
comment on function syncline.finish_delivery(bigint, bigint, int, int, text, interval) is 'Record an attempt: delivered, dead, or pending until its next time. Null when the row was taken from this sender.';

create or replace function syncline.give_up_delivery(p_id bigint, p_token bigint, p_error text) returns text
language plpgsql volatile as $$
declare
  v_lane bigint;
  v_attempt int;
begin
  select l.id into v_lane
    from syncline.outbox o
    join syncline.webhook_lanes l on l.id = o.lane_id
   where o.id = p_id and o.token = p_token
     for no key update of l;
  update syncline.outbox o
     set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now()
   where o.id = p_id and o.token = p_token and o.lane_id = v_lane
  returning o.attempts into v_attempt;
  if not found then
    return null;
  end if;
  insert into syncline.deliveries (outbox_id, attempt, ms, error) values (p_id, v_attempt, 0, p_error);
  perform syncline.advance_lane(v_lane);
  return 'dead';
end $$;
comment on function syncline.give_up_delivery(bigint, bigint, text) is 'End a webhook that cannot be sent at all, and say why: dead. Null when the row was taken from this sender.';

create or replace function syncline.find_forwarded(p_id bigint)
returns table (uid uuid, content_sealed bytea, parts jsonb, mine int[])
language sql stable
begin atomic
  select i.uid, i.content_sealed, i.parts, coalesce(m.parts, '{}')
    from syncline.outbox o
    join syncline.inbox i on i.id = o.inbox_id
    left join syncline.inbox_matches m on m.inbox_id = i.id and m.connection_id = o.connection_id
   where o.id = p_id and i.content_sealed is not null and (o.connection_id is null or m.connection_id is not null);
end;
comment on function syncline.find_forwarded(bigint) is 'What a webhook passes on: the sealed content, its parts and the numbers of those that the connection''s are. No row when it is not kept any more, or is the connection''s no more.';
