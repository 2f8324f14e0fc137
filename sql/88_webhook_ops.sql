-- 88_webhook_ops.sql: what an operator does about the app's webhooks: sent again, endpoints paused, resumed and tried.
-- Promise: what is sent again is the same webhook, under the same id. It goes in a lane of its own, as what came later in its
-- old one was sent meanwhile or waits for it; and a hundred replays in one transaction hold none of the lanes of a hundred
-- streams, whose syncs would wait for them. Those of one call and one old lane keep their order.
create or replace function syncline.reopen_webhooks(p_ids bigint[]) returns int
language plpgsql volatile as $$
declare
  v_call text := 'replay:' || gen_random_uuid() || ':';
  v_count int;
begin
  perform syncline.endpoint_of(u.environment_id, u.url)
     from (select distinct o.environment_id, o.url from syncline.outbox o where o.id = any (p_ids) order by 1, 2) u;
  insert into syncline.webhook_lanes (endpoint_id, lane, next_at)
  select distinct e.id, v_call || coalesce(o.lane, o.uid::text), syncline.now()
    from syncline.outbox o
    join syncline.webhook_endpoints e on e.environment_id = o.environment_id and e.url = o.url
   where o.id = any (p_ids);
  update syncline.outbox o
     set state = 'pending', lane_id = l.id, attempts = 0, token = o.token + 1, next_attempt_at = syncline.now(), ended_at = null
    from syncline.webhook_endpoints e
    join syncline.webhook_lanes l on l.endpoint_id = e.id
   where o.id = any (p_ids) and e.environment_id = o.environment_id and e.url = o.url and l.lane = v_call || coalesce(o.lane, o.uid::text);
  get diagnostics v_count = row_count;
  perform syncline.ring_deliveries();
  return v_count;
end $$;
comment on function syncline.reopen_webhooks(bigint[]) is 'Let webhooks, which the caller has locked, be sent from the first attempt on; how many.';

create or replace function syncline.replay_webhook(p_id bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_lane bigint;
begin
  select o.lane_id into v_lane from syncline.outbox o where o.id = p_id for no key update;
  if not found then
    return false;
  end if;
  if exists (select from syncline.webhook_lanes l where l.id = v_lane and l.sending_until > syncline.now()) then
    return true; -- on its way, or behind one that is
  end if;
  perform syncline.reopen_webhooks(array[p_id]);
  -- What waited behind it need not any more. A lane that is locked is being written to: it goes on when it comes due.
  perform from syncline.webhook_lanes l where l.id = v_lane for no key update skip locked;
  if found then
    perform syncline.advance_lane(v_lane);
  end if;
  return true;
end $$;
comment on function syncline.replay_webhook(bigint) is 'Send a webhook once more, at once and from the first attempt on; the receiver sees the same webhook id. False when there is none of this id. Example: select syncline.replay_webhook(9);  many: replay_webhooks.';

create or replace function syncline.replay_delivery(p_id bigint) returns boolean
language sql volatile security definer set search_path = ''
return coalesce((select syncline.replay_webhook(d.outbox_id) from syncline.deliveries d where d.id = p_id), false);
comment on function syncline.replay_delivery(bigint) is 'Send the webhook of an attempt (deliveries.id) once more, as replay_webhook. False when there is none of this id. Example: select syncline.replay_delivery(id) from syncline.deliveries where status = 503 and at > syncline.now() - interval ''1 hour'';';

create or replace function syncline.replay_webhooks(
  p_environment int, p_from timestamptz default null, p_until timestamptz default null, p_state text default 'dead',
  p_kind text default null, p_url text default null, p_connection int default null)
returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids bigint[];
begin
  if p_state is null or p_state not in ('dead', 'delivered') then
    raise exception using errcode = 'SL004', message = format('webhooks in state "%s" cannot be replayed', p_state),
      hint = 'It is dead or delivered; what is pending is sent anyway.';
  end if;
  v_ids := array(
    select o.id
      from syncline.outbox o
     where o.environment_id = p_environment and o.state = p_state
       and (p_from is null or o.created_at >= p_from)
       and (p_until is null or o.created_at < p_until)
       and (p_kind is null or o.kind = p_kind)
       and (p_url is null or o.url = p_url)
       and (p_connection is null or o.connection_id = p_connection)
     order by o.id
       for no key update);
  return syncline.reopen_webhooks(v_ids);
end $$;
comment on function syncline.replay_webhooks(int, timestamptz, timestamptz, text, text, text, int) is 'Send the webhooks of an environment once more that were given up (or p_state ''delivered''), written from a time until before another, of a kind, a URL, a connection; null: all. How many. The receiver sees the same webhook ids; those of one stream arrive in their old order. Example: select syncline.replay_webhooks(syncline.environment_id(''prod''), p_from => syncline.now() - interval ''1 day'');';

create or replace function syncline.pause_endpoint(p_id int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update syncline.webhook_endpoints e set paused_at = coalesce(e.paused_at, syncline.now()) where e.id = p_id;
  return found;
end $$;
comment on function syncline.pause_endpoint(int) is 'Send nothing more to an endpoint until resume_endpoint: what is to be sent waits, without losing attempts. False when there is none of this id. Example: select syncline.pause_endpoint(id) from syncline.webhook_endpoints where url = ''https://app.example/hook'';';

create or replace function syncline.resume_endpoint(p_id int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update syncline.webhook_endpoints e set paused_at = null where e.id = p_id;
  if not found then
    return false;
  end if;
  perform syncline.ring_deliveries();
  return true;
end $$;
comment on function syncline.resume_endpoint(int) is 'Send again to an endpoint that was paused. False when there is none of this id. Example: select syncline.resume_endpoint(3);';

create or replace function syncline.probe_endpoint(p_id int) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- Its next webhook does not wait for its own time either. A lane first, then the endpoint, as senders do.
  update syncline.webhook_lanes l
     set next_at = syncline.now()
   where l.id = (
     select x.id from syncline.webhook_lanes x
      where x.endpoint_id = p_id and x.sending_until is null order by x.next_at limit 1 for no key update skip locked)
     and l.next_at > syncline.now();
  update syncline.webhook_endpoints e
     set blocked_until = null, probe_at = case when e.circuit = 'open' then syncline.now() end
   where e.id = p_id;
  if not found then
    return false;
  end if;
  perform syncline.ring_deliveries();
  return true;
end $$;
comment on function syncline.probe_endpoint(int) is 'Try an endpoint now that is left alone after failures, or blocked because it asked for that; when it takes the webhook, all others follow. One that is paused stays so. False when there is none of this id. Example: select syncline.probe_endpoint(3);';
