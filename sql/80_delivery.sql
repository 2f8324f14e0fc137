-- 80_delivery.sql: sending what the outbox holds.
-- Promise: at least once, never forgotten: a claimed row comes due again by itself when its sender dies; each attempt is a
-- row. Tried again: network errors, 408, 425, 429, 5xx; any other answer but 2xx ends it at once.
create or replace function syncline.claim_deliveries(p_limit int)
returns table (id bigint, token bigint, uid uuid, attempt int, kind text, url text, body jsonb, created_at timestamptz,
  environment_id int, connection_id int, run_id bigint, signing_key_sealed bytea)
language sql volatile
begin atomic
  with due as (
    select o.id
      from syncline.outbox o
     where o.state = 'pending' and o.next_attempt_at <= syncline.now()
     order by o.next_attempt_at
     limit p_limit
       for update skip locked
  ), spent as (
    -- Every sender died before it could say how it went: that is an end too, or one row could go on killing senders.
    update syncline.outbox o
       set state = 'dead', next_attempt_at = null, ended_at = syncline.now()
      from due, syncline.settings s
     where o.id = due.id and o.attempts >= s.webhook_max_attempts
  ), claimed as (
    -- The sender has a minute: the request may take 20 s.
    update syncline.outbox o
       set attempts = o.attempts + 1, token = o.token + 1, next_attempt_at = syncline.now() + interval '1 min'
      from due, syncline.settings s
     where o.id = due.id and o.attempts < s.webhook_max_attempts
    returning o.*
  )
  select c.id, c.token, c.uid, c.attempts, c.kind, c.url, c.body, c.created_at, c.environment_id, c.connection_id, c.run_id, e.signing_key_sealed
    from claimed c
    join syncline.environments e on e.id = c.environment_id
   order by c.id;
end;
comment on function syncline.claim_deliveries(int) is 'Take due webhooks to send, for a minute.';

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
  v_row syncline.outbox;
  v_max int := (select c.webhook_max_attempts from syncline.settings c);
  v_state text;
begin
  select o.* into v_row from syncline.outbox o where o.id = p_id and o.token = p_token and o.state = 'pending' for update;
  if not found then
    return null;
  end if;
  v_state := case
    when p_status between 200 and 299 then 'delivered'
    when p_status is not null and p_status not in (408, 425, 429) and p_status < 500 then 'dead'
    when v_row.attempts >= v_max then 'dead'
    else 'pending'
  end;
  insert into syncline.deliveries (outbox_id, attempt, status, ms, error) values (p_id, v_row.attempts, p_status, p_ms, p_error);
  update syncline.outbox o
     set state = v_state,
         next_attempt_at = case when v_state = 'pending' then syncline.next_attempt(v_row.uid, v_row.attempts, p_retry_after) end,
         ended_at = case when v_state <> 'pending' then syncline.now() end
   where o.id = p_id;
  return v_state;
end $$;
comment on function syncline.finish_delivery(bigint, bigint, int, int, text, interval) is 'Record an attempt: delivered, dead, or pending until its next time. Null when the row was taken from this sender.';
