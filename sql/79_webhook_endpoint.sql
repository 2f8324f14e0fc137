-- 79_webhook_endpoint.sql: how many webhooks an endpoint may be sent now, and what its answers make of it.
-- Promise: an endpoint that is paused, blocked or open costs nobody else anything: who has nothing due is never looked at, who
-- may be sent nothing is looked at once a claim, however much waits for it. Its circuit opens after failures in a row; then
-- one webhook at a time is tried as a probe, and a success closes it. What waits keeps its attempts meanwhile.
create or replace function syncline.room_of_endpoint(p_endpoint int) returns int
language sql stable
return (
  select case when e.paused_at is not null or e.blocked_until > syncline.now() or e.probe_at > syncline.now() then 0
           else greatest(0, case e.circuit when 'open' then 1 else c.webhook_endpoint_concurrency end - (
             select count(*)::int from syncline.webhook_lanes l where l.endpoint_id = p_endpoint and l.sending_until > syncline.now())) end
    from syncline.webhook_endpoints e
   cross join syncline.settings c
   where e.id = p_endpoint
);
comment on function syncline.room_of_endpoint(int) is 'How many more webhooks may be on their way to an endpoint now.';

create or replace function syncline.list_due_endpoints()
returns table (id int, room int, due_since timestamptz)
language sql stable
begin atomic
  -- From one endpoint to the next by the index, however many lanes are due in each.
  with recursive waiting as (
    (select l.endpoint_id from syncline.webhook_lanes l order by l.endpoint_id limit 1)
    union all
    select (select l.endpoint_id from syncline.webhook_lanes l where l.endpoint_id > w.endpoint_id order by l.endpoint_id limit 1)
      from waiting w
     where w.endpoint_id is not null
  )
  select w.endpoint_id, r.room, d.next_at
    from waiting w
   cross join lateral (
     select l.next_at from syncline.webhook_lanes l
      where l.endpoint_id = w.endpoint_id and l.next_at <= syncline.now() order by l.next_at limit 1) d
   cross join lateral (select syncline.room_of_endpoint(w.endpoint_id) as room offset 0) r
   where r.room > 0
   order by r.room desc, d.next_at;
end;
comment on function syncline.list_due_endpoints() is 'The endpoints to which something can be sent now: those with the most room first, so that a slow one leaves the others their share.';

create or replace function syncline.next_probe(p_failed_probes int) returns timestamptz
language sql stable
return (
  select syncline.now() + least(c.webhook_last_probe, c.webhook_first_probe * 2 ^ least(p_failed_probes, 16)) from syncline.settings c
);
comment on function syncline.next_probe(int) is 'When to probe an endpoint again after so many probes that failed.';

create or replace function syncline.note_success(p_endpoint int, p_status int) returns void
language sql volatile
begin atomic
  update syncline.webhook_endpoints e
     set circuit = 'closed', consecutive_failures = 0, opened_at = null, probe_at = null, failed_probes = 0,
         last_success_at = syncline.now(), last_status = p_status, last_error = null
   where e.id = p_endpoint;
end;
comment on function syncline.note_success(int, int) is 'An endpoint took a webhook: its circuit is closed.';

create or replace function syncline.note_failure(
  p_endpoint int, p_status int, p_error text, p_is_retried boolean, p_is_probe boolean, p_retry_after interval) returns void
language plpgsql volatile as $$
declare
  v_opens boolean;
begin
  -- A refusal of one webhook says nothing of the next, and who says when to come back is there: neither counts.
  update syncline.webhook_endpoints e
     set consecutive_failures = e.consecutive_failures + case when p_is_retried and p_retry_after is null then 1 else 0 end,
         blocked_until = case when p_is_retried then greatest(e.blocked_until, syncline.now() + p_retry_after) else e.blocked_until end,
         failed_probes = e.failed_probes + (e.circuit = 'open' and p_is_probe)::int,
         probe_at = case when e.circuit = 'open' and p_is_probe then syncline.next_probe(e.failed_probes + 1) else e.probe_at end,
         last_failure_at = syncline.now(), last_status = p_status, last_error = p_error
   where e.id = p_endpoint
  returning e.circuit = 'closed' and e.consecutive_failures >= (select c.webhook_circuit_failures from syncline.settings c) into v_opens;
  if v_opens then
    update syncline.webhook_endpoints e
       set circuit = 'open', opened_at = syncline.now(), probe_at = syncline.next_probe(0), failed_probes = 0, times_opened = e.times_opened + 1
     where e.id = p_endpoint;
  end if;
end $$;
comment on function syncline.note_failure(int, int, text, boolean, boolean, interval) is 'An endpoint did not take a webhook: block it for as long as it asked, open its circuit after failures in a row, put off its next probe.';
