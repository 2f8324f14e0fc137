-- 51_watch.sql: what subscriptions ask for.
-- Promise: a mark differs from an earlier one when there is something new to read; what is read then is decided by the
-- rights and the environment of whoever reads. Marks are asked for by the server for all that is watched at once.
create or replace function syncline.mark_of_runs(p_environment int, p_connection int, p_sync int, p_run bigint, p_known bigint[]) returns text
language plpgsql stable as $$
declare
  v_newest bigint[];
begin
  -- The newest 50 and those known to be live: states change there. One statement a case, so that each walks an index.
  if p_run is not null then
    v_newest := array[p_run];
  elsif p_sync is not null then
    v_newest := array(select r.id from syncline.runs r where r.sync_id = p_sync order by r.id desc limit 50);
  elsif p_connection is not null then
    v_newest := array(select r.id from syncline.runs r where r.connection_id = p_connection order by r.id desc limit 50);
  else
    v_newest := array(select r.id from syncline.runs r where r.environment_id = p_environment order by r.id desc limit 50);
  end if;
  return (select md5(string_agg(concat_ws(' ', r.id, r.state, r.token), ',' order by r.id))
            from syncline.runs r where r.id = any (v_newest || p_known));
end $$;
comment on function syncline.mark_of_runs(int, int, int, bigint, bigint[]) is 'A text that changes when one of the newest runs, or of those known to be live, of a run, sync, connection or environment does.';

create or replace function syncline.watch_marks(p_watches jsonb)
returns table (n int, mark text)
language sql stable
begin atomic
  select w.n, case w.kind
    when 'records' then (
      select t.id || '.' || t.head from syncline.streams t
       where t.connection_id = w.connection and t.model = w.model and t.variant = w.variant and t.retired_at is null)
    when 'runs' then syncline.mark_of_runs(w.environment, w.connection, w.sync, w.run, w.known)
    when 'logs' then (
      select l.id::text from syncline.logs l where l.environment_id = w.environment order by l.id desc limit 1)
    end
    from jsonb_to_recordset(p_watches) as w (
      n int, kind text, environment int, connection int, model text, variant text, sync int, run bigint, known bigint[]);
end;
comment on function syncline.watch_marks(jsonb) is 'For each of the watches {n, kind: records|runs|logs, ...} a text that changes when there is something new: one statement for all subscriptions of a process.';

create or replace function syncline.watched_sync(p_sync uuid)
returns table (id int, connection_id int)
language sql stable
begin atomic
  select s.id, s.connection_id from syncline.syncs s
   where s.uid = p_sync and s.environment_id = syncline.current_environment() and s.deleted_at is null;
end;
comment on function syncline.watched_sync(uuid) is 'A sync of the environment this transaction reads for, and its connection; no row when there is none of that id.';

create or replace function syncline.watched_head(p_connection int, p_model text, p_variant text)
returns table (stream_id int, pos bigint)
language sql stable
begin atomic
  select t.id, t.head from syncline.streams t
   where t.connection_id = p_connection and t.model = p_model and t.variant = p_variant and t.retired_at is null;
end;
comment on function syncline.watched_head(int, text, text) is 'The stream of a connection, model and variant, and the position of its latest change; no row when nothing was ever saved.';

create or replace function syncline.watched_runs(p_connection int, p_sync int, p_run bigint, p_after bigint, p_known bigint[], p_limit int)
returns table (id bigint, state text, token bigint, connection_id int)
language plpgsql stable as $$
declare
  v_ids bigint[];
begin
  -- Without a starting point those that are live; with one what came after it, and how those known before are now.
  if p_run is not null then
    v_ids := array[p_run];
  elsif p_after is null then
    v_ids := array(
      select r.id from syncline.runs r
       where r.state in ('ready', 'running') and (p_connection is null or r.connection_id = p_connection)
         and (p_sync is null or r.sync_id = p_sync) and r.environment_id = syncline.current_environment()
       order by r.id desc limit p_limit);
  else
    v_ids := p_known || array(
      select r.id from syncline.runs r
       where r.id > p_after and (p_connection is null or r.connection_id = p_connection)
         and (p_sync is null or r.sync_id = p_sync) and r.environment_id = syncline.current_environment()
       order by r.id desc limit p_limit);
  end if;
  return query
    select r.id, r.state, r.token, r.connection_id from syncline.runs r
     where r.id = any (v_ids) and r.environment_id = syncline.current_environment()
     order by r.id;
end $$;
comment on function syncline.watched_runs(int, int, bigint, bigint, bigint[], int) is 'Runs of a connection, sync or environment after a run, together with known ones, as they are now; or one run; or those that are live.';

create or replace function syncline.newest_run() returns bigint
language sql stable
return coalesce((
  select r.id from syncline.runs r where r.environment_id = syncline.current_environment() order by r.id desc limit 1), 0);
comment on function syncline.newest_run() is 'The highest number of a run of the environment this transaction reads for.';

create or replace function syncline.watched_logs(p_run bigint, p_connection int, p_levels text[], p_after bigint, p_limit int)
returns table (id bigint, at timestamptz, kind text, level text, message text, detail jsonb, run_id bigint, newest bigint)
language plpgsql stable as $$
declare
  v_newest bigint := (
    select l.id from syncline.logs l where l.environment_id = syncline.current_environment() order by l.id desc limit 1);
begin
  -- Ids are committed in order (append_logs), so all that will ever stand up to the newest one is there: a reader that finds
  -- nothing goes on from there and reads no line twice.
  return query
    select l.id, l.at, l.kind, l.level, l.message, l.detail, l.run_id, v_newest
      from syncline.logs l
     where l.environment_id = syncline.current_environment() and l.id > p_after and l.id <= v_newest
       and (p_run is null or l.run_id = p_run) and (p_connection is null or l.connection_id = p_connection)
       and (p_levels is null or l.level = any (p_levels))
     order by l.id limit p_limit;
  if not found then
    return query select null::bigint, null::timestamptz, null, null, null, null::jsonb, null::bigint, coalesce(v_newest, 0);
  end if;
end $$;
comment on function syncline.watched_logs(bigint, int, text[], bigint, int) is 'The next lines of the log after one, with the id of the newest line of the environment; a row without an id when there are none.';
