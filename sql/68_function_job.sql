-- 68_function_job.sql: single functions that are being deployed or tried out, for whoever asks what came of it.
-- Promise: a job whose process ended reads as failed after a while; an outcome is written once.
create or replace function syncline.begin_function_job(
  p_environment int, p_kind text, p_integration text, p_function_name text, p_function_type text)
returns table (id uuid, started_at timestamptz)
language plpgsql volatile as $$
begin
  delete from syncline.function_jobs j where j.environment_id = p_environment and j.started_at < syncline.now() - interval '1 day';
  -- Callers at the same moment may pass together: the bound is there for the processor, and need not be exact.
  if (select count(*) from syncline.function_jobs j
       where j.environment_id = p_environment and j.state = 'running' and j.started_at > syncline.now() - interval '15 min') >= 10 then
    raise exception using errcode = 'SL005', message = 'too many function jobs', hint = 'Wait until one of them has ended.';
  end if;
  return query
    insert into syncline.function_jobs (environment_id, kind, integration, function_name, function_type)
    values (p_environment, p_kind, p_integration, p_function_name, p_function_type)
    returning function_jobs.id, function_jobs.started_at;
end $$;
comment on function syncline.begin_function_job(int, text, text, text, text) is 'Note that a single function is being deployed or tried out; jobs of the environment older than a day go. SL005 when ten are under way.';

create or replace function syncline.end_function_job(p_environment int, p_job uuid, p_is_success boolean, p_outcome_sealed bytea) returns void
language sql volatile
begin atomic
  update syncline.function_jobs j
     set state = case when p_is_success then 'success' else 'failed' end,
         ended_at = syncline.now(),
         outcome_sealed = p_outcome_sealed
   where j.environment_id = p_environment and j.id = p_job and j.state = 'running';
end;
comment on function syncline.end_function_job(int, uuid, boolean, bytea) is 'Keep what came of a job.';

create or replace function syncline.find_function_job(p_environment int, p_kind text, p_job uuid)
returns table (
  id uuid, integration text, function_name text, function_type text, state text, started_at timestamptz, ended_at timestamptz,
  outcome_sealed bytea)
language sql stable
begin atomic
  select j.id, j.integration, j.function_name, j.function_type,
         case when j.state = 'running' and j.started_at <= syncline.now() - interval '15 min' then 'failed' else j.state end,
         j.started_at, j.ended_at, j.outcome_sealed
    from syncline.function_jobs j
   where j.environment_id = p_environment and j.kind = p_kind and j.id = p_job;
end;
comment on function syncline.find_function_job(int, text, uuid) is 'A job; one that has not ended within 15 minutes has failed without an outcome. No row when there is none.';
