-- 27_request_count.sql: how often a key has called in this minute, over all API processes.
-- Promise: what two processes counted is added up. A process shares its counts about once a second, never within a request.
-- Lock order: buckets by name.
create or replace function syncline.share_request_counts(p_window_start timestamptz, p_buckets text[], p_added int[])
returns table (bucket text, requests int)
language sql volatile
begin atomic
  insert into syncline.request_counts as c (bucket, window_start, requests)
  select a.bucket, p_window_start, a.added
    from unnest(p_buckets, p_added) as a (bucket, added)
   order by a.bucket
      on conflict (bucket, window_start) do update set requests = c.requests + excluded.requests
  returning c.bucket, c.requests;
end;
comment on function syncline.share_request_counts(timestamptz, text[], int[]) is 'Add what a process has counted of a window that begins then; how many requests all processes have counted of each bucket.';

create or replace function syncline.tidy_request_counts() returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.request_counts c where c.window_start < syncline.now() - interval '5 min';
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_request_counts() is 'Forget the counts of past windows; how many.';
