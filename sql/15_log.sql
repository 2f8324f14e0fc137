-- 15_log.sql: the log, written in batches beside the work and dropped by the day.
-- Promise: logging never fails or slows what it describes: it runs outside the work's transactions. Ids are committed in their
-- order, so that whoever reads on from the last id it saw misses nothing.
create or replace function syncline.append_logs(p_rows jsonb) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  -- One batch at a time takes its ids and commits: a process writes five a second at most.
  perform pg_advisory_xact_lock(hashtextextended('syncline.append_logs', 0));
  insert into syncline.logs (at, environment_id, connection_id, sync_id, run_id, kind, level, message, detail)
  select coalesce(l.at, syncline.now()), l.environment_id, l.connection_id, l.sync_id, l.run_id, l.kind, l.level, l.message, l.detail
    from jsonb_to_recordset(p_rows) as l (
      at timestamptz, environment_id int, connection_id int, sync_id int, run_id bigint, kind text, level text, message text, detail jsonb);
  get diagnostics v_count = row_count;
  perform syncline.ring_changes('{}', '{}', array(
    select distinct coalesce((l ->> 'connection_id')::int, 0) from jsonb_array_elements(p_rows) l));
  return v_count;
end $$;
comment on function syncline.append_logs(jsonb) is 'Write a batch of log rows, given as an array of objects with the columns'' names; how many.';

create or replace function syncline.list_logs(
  p_environment int, p_run bigint, p_connection int, p_kind text, p_level text, p_after bigint, p_limit int)
returns table (id bigint, at timestamptz, kind text, level text, message text, detail jsonb, run_id bigint, function_name text,
  connection_id text, provider_config_key text)
language plpgsql stable as $$
declare
  v_levels text[] := case p_level when 'info' then '{info,warn,error}' when 'warn' then '{warn,error}' when 'error' then '{error}' end;
  v_ids bigint[];
begin
  -- Without a starting point: the newest rows; with one: the next rows after it. Two statements, so that each walks an index.
  if p_after is null then
    v_ids := array(
      select l.id from syncline.logs l
       where l.environment_id = p_environment and (p_run is null or l.run_id = p_run)
         and (p_connection is null or l.connection_id = p_connection) and (p_kind is null or l.kind = p_kind)
         and (v_levels is null or l.level = any (v_levels))
       order by l.id desc limit p_limit);
  else
    v_ids := array(
      select l.id from syncline.logs l
       where l.environment_id = p_environment and l.id > p_after and (p_run is null or l.run_id = p_run)
         and (p_connection is null or l.connection_id = p_connection) and (p_kind is null or l.kind = p_kind)
         and (v_levels is null or l.level = any (v_levels))
       order by l.id limit p_limit);
  end if;
  return query
    select l.id, l.at, l.kind, l.level, l.message, l.detail, l.run_id, coalesce(s.name, f.name), n.connection_id, i.unique_key
      from syncline.logs l
      left join syncline.syncs s on s.id = l.sync_id
      left join syncline.runs r on r.id = l.run_id and l.sync_id is null
      left join syncline.functions f on f.id = r.function_id
      left join syncline.connections n on n.id = l.connection_id
      left join syncline.integrations i on i.id = n.integration_id
     where l.environment_id = p_environment and l.id = any (v_ids)
     order by l.id;
end $$;
comment on function syncline.list_logs(int, bigint, int, text, text, bigint, int) is 'Log rows of an environment, of a run, a connection, a kind, at least a level; the newest ones, or the next ones after an id.';
