-- 25_lock.sql: locks that functions take, to exclude each other across runs and processes.
-- Promise: at most one live run of an environment holds a key. A lock ends when it is released, when its time is up, or with
-- the run that holds it, however that ends: nobody has to give it back. It belongs to the run, not to an attempt at it.
create or replace function syncline.check_lock(p_key text, p_ttl_ms float8) returns void
language plpgsql immutable as $$
begin
  if coalesce(length(p_key), 0) not between 1 and 255 then
    raise exception using errcode = 'SL004', message = 'a lock''s key is a text of 1 to 255 characters';
  end if;
  -- NaN is greater than any number here.
  if p_ttl_ms is null or p_ttl_ms <= 0 or p_ttl_ms = 'NaN' then
    raise exception using errcode = 'SL004', message = 'a lock''s ttlMs is a number of milliseconds above 0';
  end if;
end $$;
comment on function syncline.check_lock(text, float8) is 'SL004 that says which, when a key or a time to live may not be a lock''s.';

create or replace function syncline.try_acquire_lock(p_run bigint, p_token bigint, p_key text, p_ttl_ms float8) returns boolean
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
begin
  perform syncline.check_lock(p_key, p_ttl_ms);
  insert into syncline.locks as l (environment_id, key, run_id, expires_at)
  values (v_run.environment_id, p_key, p_run, syncline.now() + least(p_ttl_ms, 1e12) * interval '1 ms') -- 30 years, no run lives that long
      on conflict (environment_id, key) do update
     set run_id = excluded.run_id, expires_at = excluded.expires_at,
         acquired_at = case when l.run_id = p_run then l.acquired_at else syncline.now() end
   where l.run_id = p_run or l.expires_at <= syncline.now()
      or not exists (select from syncline.runs r where r.id = l.run_id and r.state in ('ready', 'running'));
  return found;
end $$;
comment on function syncline.try_acquire_lock(bigint, bigint, text, float8) is 'Take a lock for a run, or prolong the one it holds; false when another live run holds it.';

create or replace function syncline.release_lock(p_run bigint, p_token bigint, p_key text) returns boolean
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_was_held boolean;
begin
  perform syncline.check_lock(p_key, 1);
  delete from syncline.locks l where l.environment_id = v_run.environment_id and l.key = p_key and l.run_id = p_run
  returning l.expires_at > syncline.now() into v_was_held;
  return coalesce(v_was_held, false);
end $$;
comment on function syncline.release_lock(bigint, bigint, text) is 'Give a lock back; false when the run did not hold it any more.';

create or replace function syncline.release_locks(p_run bigint, p_token bigint) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  perform syncline.fence_run(p_run, p_token);
  delete from syncline.locks l where l.run_id = p_run;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.release_locks(bigint, bigint) is 'Give back all locks of a run; how many.';
