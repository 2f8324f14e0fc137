-- 88_ops.sql: what else an operator does: webhooks again, payloads forgotten, keys counted.
create or replace function syncline.reopen_webhook(p_row syncline.outbox, p_lane text) returns void
language plpgsql volatile as $$
declare
  v_lane bigint := syncline.lock_lane(p_row.environment_id, p_row.url, p_lane);
begin
  update syncline.outbox o
     set state = 'pending', lane_id = v_lane, attempts = 0, token = o.token + 1, next_attempt_at = syncline.now(), ended_at = null
   where o.id = p_row.id;
end $$;
comment on function syncline.reopen_webhook(syncline.outbox, text) is 'Let a webhook be sent from the first attempt on, in a lane that nobody else writes to.';

create or replace function syncline.replay_webhook(p_id bigint) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row syncline.outbox;
  v_lane syncline.webhook_lanes;
begin
  select o.* into v_row from syncline.outbox o where o.id = p_id for no key update;
  if not found then
    return false;
  end if;
  -- A lane of its own: what came later in its old lane was sent meanwhile or waits for this one. Nor must a hundred replays in
  -- one transaction hold the lanes of a hundred streams.
  select l.* into v_lane from syncline.webhook_lanes l where l.id = v_row.lane_id;
  if v_lane.sending_until > syncline.now() then
    return true; -- on its way
  end if;
  perform syncline.reopen_webhook(v_row, 'replay:' || gen_random_uuid());
  perform from syncline.webhook_lanes l where l.id = v_lane.id for no key update skip locked;
  if found then
    perform syncline.advance_lane(v_lane.id);
  end if;
  perform syncline.ring_deliveries();
  return true;
end $$;
comment on function syncline.replay_webhook(bigint) is 'Send a webhook once more, at once and from the first attempt on; the receiver sees the same webhook id. False when there is none of this id. Example: select syncline.replay_webhook(9);  many: see replay_webhooks.';

create or replace function syncline.replay_delivery(p_id bigint) returns boolean
language sql volatile security definer set search_path = ''
return coalesce((select syncline.replay_webhook(d.outbox_id) from syncline.deliveries d where d.id = p_id), false);
comment on function syncline.replay_delivery(bigint) is 'Send the webhook of an attempt (deliveries.id) once more, as replay_webhook. False when there is none of this id. Example: select syncline.replay_delivery(id) from syncline.deliveries where status = 503 and at > syncline.now() - interval ''1 hour'';';

create or replace function syncline.prune(p_stream int, p_before timestamptz) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until bigint;
  v_step record;
  v_count bigint := 0;
begin
  if not exists (select from syncline.streams t where t.id = p_stream and t.retired_at is null) then
    raise exception using errcode = 'SL002', message = 'no such stream', detail = format('stream %s', p_stream),
      hint = 'select stream_id, environment, integration, connection, model, variant from syncline.stream_overview;';
  elsif p_before is null then
    raise exception using errcode = 'SL004', message = 'no time given', hint = 'select syncline.prune(3, syncline.now() - interval ''30 days'');';
  end if;
  v_until := syncline.first_position_since(p_stream, p_before) - 1;
  loop
    select p.* into v_step from syncline.prune_stream(p_stream, v_until, 5000) p;
    v_count := v_count + v_step.count;
    exit when not v_step.has_more or v_step.has_more is null;
  end loop;
  return v_count;
end $$;
comment on function syncline.prune(int, timestamptz) is 'Forget the payloads of a stream''s records that have not changed since a time; how many. Records, order and cursors stay; a run that saves into the stream waits meanwhile (some seconds for a million). What is gone comes back only when the provider changes it, or by a reset with an empty cache. Example: select syncline.prune(3, syncline.now() - interval ''30 days'');  (stream_id of stream_overview)';

create or replace function syncline.rotate_keys_status()
returns table (master_key text, environments bigint, connections bigint, oldest_at timestamptz, newest_at timestamptz)
language sql stable
begin atomic
  select k.master_key_id, count(*) filter (where k.connection_id is null), count(k.connection_id), min(k.created_at), max(k.created_at)
    from syncline.data_keys k
   group by k.master_key_id
   order by max(k.created_at) desc;
end;
comment on function syncline.rotate_keys_status() is 'How many data keys of environments and connections each master key wraps; more than one row: a rotation is not through, and the old master key is still needed. Example: select * from syncline.rotate_keys_status();';
