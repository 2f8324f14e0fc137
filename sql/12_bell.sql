-- 12_bell.sql: telling those who watch that there is something new.
-- Promise: a bell says where to look and never what is there. Rung late or never it only delays: whoever watches also looks
-- by itself every few seconds. Processes that save ring after their commits, at most every 100 ms (src/db/bell.ts): a notify
-- in each saving transaction would cost 85 % of the commits. Only what people do one at a time rings in its own transaction.
create or replace function syncline.ring_changes(p_records int[], p_runs int[], p_logs int[]) returns void
language plpgsql volatile as $$
declare
  v_text text := json_build_object('records', p_records, 'runs', p_runs, 'logs', p_logs)::text;
begin
  -- A notice holds 8,000 bytes: beyond that it says "anywhere".
  perform pg_notify('syncline_changes', case when length(v_text) < 7900 then v_text else '' end);
end $$;
comment on function syncline.ring_changes(int[], int[], int[]) is 'Tell those who watch that records, runs or logs of these connections changed; 0 stands for what belongs to no connection.';
