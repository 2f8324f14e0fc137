-- 81_webhook_waiting.sql: why a webhook has not arrived, in words for people, each with what to do about it.
-- Promise: every webhook has at least one reason, and the first is the one to look at; asking changes and locks nothing.
create or replace function syncline.webhook_last_answer(p_webhook bigint) returns text
language sql stable
return coalesce((
  select case when d.status is null then d.error else 'answer ' || d.status end
    from syncline.deliveries d where d.outbox_id = p_webhook order by d.id desc limit 1), 'no answer yet');
comment on function syncline.webhook_last_answer(bigint) is 'What the last attempt at a webhook met: an answer''s status, or the network''s error.';

create or replace function syncline.first_of_lane(p_lane bigint) returns bigint
language sql stable
return (select o.id from syncline.outbox o where o.lane_id = p_lane order by o.id limit 1);
comment on function syncline.first_of_lane(bigint) is 'The webhook of a lane that is sent first.';

create or replace function syncline.reasons_of_endpoint(p_webhook bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 2, 'endpoint paused', format('since %s: nothing is sent to it', syncline.format_span(syncline.now() - e.paused_at)),
         format('select syncline.resume_endpoint(%s);', e.id)
    from syncline.outbox o
    join syncline.webhook_endpoints e on e.environment_id = o.environment_id and e.url = o.url
   where o.id = p_webhook and o.state = 'pending' and e.paused_at is not null
  union all
  select 3, 'circuit open', format('%s failures in a row, the last: %s; one webhook is tried in %s', e.consecutive_failures,
           coalesce('answer ' || e.last_status, e.last_error, 'none'), syncline.format_span(e.probe_at - syncline.now())),
         format('When the endpoint is mended: select syncline.probe_endpoint(%s);', e.id)
    from syncline.outbox o
    join syncline.webhook_endpoints e on e.environment_id = o.environment_id and e.url = o.url
   where o.id = p_webhook and o.state = 'pending' and e.circuit = 'open'
  union all
  select 4, 'endpoint asked to wait', format('for %s more, by its Retry-After', syncline.format_span(e.blocked_until - syncline.now())),
         format('It ends by itself. If it is wrong: select syncline.probe_endpoint(%s);', e.id)
    from syncline.outbox o
    join syncline.webhook_endpoints e on e.environment_id = o.environment_id and e.url = o.url
   where o.id = p_webhook and o.state = 'pending' and e.blocked_until > syncline.now();
end;
comment on function syncline.reasons_of_endpoint(bigint) is 'Why a webhook waits for reasons that lie in where it goes.';

create or replace function syncline.reasons_of_lane(p_webhook bigint)
returns table (rank int, reason text, detail text, remedy text)
language sql stable
begin atomic
  select 1, 'on its way', format('attempt %s; its sender has %s to say how it went', o.attempts, syncline.format_span(l.sending_until - syncline.now())), null
    from syncline.outbox o
    join syncline.webhook_lanes l on l.id = o.lane_id
   where o.id = p_webhook and l.sending_until > syncline.now() and syncline.first_of_lane(l.id) = o.id
  union all
  select 5, 'an earlier one is first', format('webhook %s of the same %s is sent before it: %s, attempt %s', f.id,
           coalesce(split_part(o.lane, ':', 1), 'lane'), syncline.webhook_last_answer(f.id), f.attempts),
         format('select * from syncline.why_webhook_waits(%s);', f.id)
    from syncline.outbox o
    join syncline.outbox f on f.id = syncline.first_of_lane(o.lane_id)
   where o.id = p_webhook and f.id <> o.id
  union all
  select 6, 'trying again', format('in %s; %s of %s attempts are made, the last: %s', syncline.format_span(o.next_attempt_at - syncline.now()),
           o.attempts, c.webhook_max_attempts, syncline.webhook_last_answer(o.id)),
         format('At once: select syncline.replay_webhook(%s);', o.id)
    from syncline.outbox o
    join syncline.webhook_lanes l on l.id = o.lane_id
   cross join syncline.settings c
   where o.id = p_webhook and o.next_attempt_at > syncline.now() and l.sending_until is null and syncline.first_of_lane(l.id) = o.id
  union all
  select 7, case when syncline.count_workers() = 0 then 'no worker' else 'due' end,
         format('since %s; %s workers live', syncline.format_span(syncline.now() - o.next_attempt_at), syncline.count_workers()),
         case when syncline.count_workers() = 0 then 'Start one: syncline start --role worker'
              else 'A worker takes it within seconds, unless as many as may be are on their way there (settings.webhook_endpoint_concurrency).' end
    from syncline.outbox o
    join syncline.webhook_lanes l on l.id = o.lane_id
   where o.id = p_webhook and o.next_attempt_at <= syncline.now() and coalesce(l.sending_until <= syncline.now(), true)
     and syncline.first_of_lane(l.id) = o.id;
end;
comment on function syncline.reasons_of_lane(bigint) is 'Why a webhook waits for reasons that lie in itself and those before it.';

create or replace function syncline.why_webhook_waits(p_webhook bigint)
returns table (reason text, detail text, remedy text)
language plpgsql stable as $$
declare
  v_row record;
begin
  select o.state, o.ended_at into v_row from syncline.outbox o where o.id = p_webhook;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such webhook', detail = format('webhook %s', p_webhook),
      hint = 'select id, kind, url, state, created_at from syncline.outbox order by id desc limit 20;';
  elsif v_row.state = 'delivered' then
    return query select 'delivered', format('%s ago', syncline.format_span(syncline.now() - v_row.ended_at)),
      format('To send it once more: select syncline.replay_webhook(%s);', p_webhook);
  elsif v_row.state = 'dead' then
    return query select 'given up', format('%s ago: %s', syncline.format_span(syncline.now() - v_row.ended_at), syncline.webhook_last_answer(p_webhook)),
      format('When the receiver is mended: select syncline.replay_webhook(%s);', p_webhook);
  else
    return query
      select x.reason, x.detail, x.remedy
        from (select e.* from syncline.reasons_of_endpoint(p_webhook) e union all select l.* from syncline.reasons_of_lane(p_webhook) l) x
       order by x.rank;
  end if;
end $$;
comment on function syncline.why_webhook_waits(bigint) is 'Why a webhook to the app has not arrived, the most important reason first, and what to do about each. SL002 when there is none of this id. Example: select * from syncline.why_webhook_waits(9);  of all that wait for long: select o.id, o.kind, w.* from syncline.outbox o, syncline.why_webhook_waits(o.id) w where o.state = ''pending'' and o.created_at < syncline.now() - interval ''5 min'' order by o.id limit 100;';
