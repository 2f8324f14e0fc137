-- 21_webhook_take.sql: what a webhook run is to do.
-- Promise: a run whose worker died is given the very same calls again.
-- With onWebhookBatch a run makes up to 100 calls in a row at once, of at most 4 MB together, all attempted equally often:
-- so a batch that failed is tried again as it was. The last of several attempts is made with each of its calls alone:
-- one event that no attempt gets through takes no others with it.
create or replace function syncline.next_webhook_calls(p_sync int, p_most int) returns bigint[]
language sql stable
begin atomic
  select coalesce(array_agg(x.id order by x.id) filter (where x.n = 1 or x.may_join), '{}')
    from (
      select c.id, row_number() over w as n, bool_and(c.due_at <= syncline.now()) over w as is_due,
             sum(i.bytes) over w <= 4000000
               and bool_and(c.attempts = f.attempts) over w
               and not (f.attempts > 0 and f.attempts + 1 >= s.webhook_call_attempts) as may_join
        from (
          select o.id, o.inbox_id, o.attempts, o.due_at from syncline.webhook_calls o
           where o.sync_id = p_sync and o.ended_at is null order by o.sync_id, o.id limit p_most) c
        join syncline.inbox i on i.id = c.inbox_id
       cross join syncline.settings s
       cross join lateral (
         select o.attempts from syncline.webhook_calls o
          where o.sync_id = p_sync and o.ended_at is null order by o.sync_id, o.id limit 1) f
      window w as (order by c.id)) x
   where x.is_due;
end;
comment on function syncline.next_webhook_calls(int, int) is 'The calls that the next run of a sync makes, in order; none while the first of them waits.';

create or replace function syncline.take_webhook_calls(p_run bigint, p_token bigint, p_most int)
returns table (entry text, inbox_uid uuid, part jsonb, content_sealed bytea)
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_is_batch boolean := (
    select coalesce((f.definition ->> 'has_on_webhook_batch')::boolean, false) from syncline.functions f where f.id = v_run.function_id);
  v_ids bigint[];
begin
  if not exists (select from syncline.webhook_calls c where c.run_id = p_run and c.state = 'running') then
    v_ids := syncline.next_webhook_calls(v_run.sync_id, case when v_is_batch then p_most else 1 end);
    update syncline.webhook_calls c
       set state = 'running', run_id = p_run, due_at = null, attempts = c.attempts + 1
     where c.id = any (v_ids);
  end if;
  return query
    select case when v_is_batch then 'onWebhookBatch' else 'onWebhook' end, i.uid, i.parts -> c.part, i.content_sealed
      from syncline.webhook_calls c
      join syncline.inbox i on i.id = c.inbox_id
     where c.run_id = p_run and c.state = 'running'
     order by c.id;
end $$;
comment on function syncline.take_webhook_calls(bigint, bigint, int) is 'What a webhook run is to be called with, in order, each as its event''s sealed content and the part of it; the same again while the run has not ended. SL001 when the token is stale.';
