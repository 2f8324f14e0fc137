-- 29_run_time.sql: from times to numbers of runs.
-- Runs get their numbers in the order they are made, but for those made at the same moment. So the runs of a span of time are
-- found between two numbers by the indexes that there are, and no index on the time has to be kept.
create or replace function syncline.run_number(p_at timestamptz) returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_before bigint := 0; -- this one and all below were made before
  v_after bigint := (select coalesce(max(r.id), 0) + 1 from syncline.runs r); -- this one and all above were not
  v_probe record;
begin
  -- Down to a hundred: twenty lookups in a hundred million.
  while v_after - v_before > 100 loop
    select r.id, r.created_at into v_probe from syncline.runs r where r.id >= (v_before + v_after) / 2 order by r.id limit 1;
    if v_probe.id < v_after and v_probe.created_at < p_at then
      v_before := v_probe.id;
    else
      v_after := (v_before + v_after) / 2;
    end if;
  end loop;
  return v_before;
end $$;
comment on function syncline.run_number(timestamptz) is 'The number of a run such that it and all runs with lower numbers were made before a time, and the hundredth above it was not.';
