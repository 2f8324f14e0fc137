-- 89_tidy.sql: what is too old. Every step is short and says whether more waits, so that nothing is locked for long.
create or replace function syncline.log_days()
returns table (day date, partition name, is_wanted boolean)
language sql stable
begin atomic
  -- Days are days of UTC, whatever the time zone of the session. Partitions exist two days ahead.
  with wanted as (
    select (syncline.now() at time zone 'UTC')::date + d as day from generate_series(0, 2) d
  ), existing as (
    select to_date(right(c.relname, 8), 'YYYYMMDD') as day, c.relname
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'syncline.logs'::regclass and c.relname ~ '^logs_\d{8}$'
  )
  select coalesce(w.day, e.day), e.relname, coalesce(w.day, e.day) >= ((syncline.now() - s.log_retention) at time zone 'UTC')::date
    from syncline.settings s, wanted w
    full join existing e on e.day = w.day;
end;
comment on function syncline.log_days() is 'The days of the log that have a partition or should have one; is_wanted is false for those past the retention.';

create or replace function syncline.make_log_partition(p_day date) returns void
language plpgsql volatile as $$
declare
  v_name text := 'logs_' || to_char(p_day, 'YYYYMMDD');
  v_from text := p_day || ' 00:00+00';
  v_until text := p_day + 1 || ' 00:00+00';
begin
  execute format('create table syncline.%I (like syncline.logs including all)', v_name);
  execute format('with moved as (delete from syncline.logs_default where at >= %1$L and at < %2$L returning *)
    insert into syncline.%3$I select * from moved', v_from, v_until, v_name);
  execute format('alter table syncline.logs attach partition syncline.%I for values from (%L) to (%L)', v_name, v_from, v_until);
  execute format('alter table syncline.%I enable row level security', v_name);
  execute format('comment on table syncline.%I is %L', v_name, 'Log rows of one day.');
end $$;
comment on function syncline.make_log_partition(date) is 'Give a day of the log its partition, and that the rows written before it was there.';

create or replace function syncline.tidy_logs() returns int
language plpgsql volatile set lock_timeout = '2s' as $$
declare
  v_day record;
  v_count int := 0;
begin
  if exists (select from syncline.log_days() d where (d.partition is null) = d.is_wanted) then
    -- The whole log first: one that tidies, writes or reads beside us has then either all of its locks or none.
    lock table syncline.logs in access exclusive mode;
    for v_day in select d.* from syncline.log_days() d where (d.partition is null) = d.is_wanted loop
      if v_day.is_wanted then
        perform syncline.make_log_partition(v_day.day);
      else
        execute format('drop table syncline.%I', v_day.partition);
        v_count := v_count + 1;
      end if;
    end loop;
  end if;
  delete from syncline.logs_default l using syncline.settings s where l.at < syncline.now() - s.log_retention;
  return v_count;
exception
  when lock_not_available then
    return 0; -- somebody reads long: the next round will do, partitions are two days ahead
end $$;
comment on function syncline.tidy_logs() is 'Make the log partitions of the next days and drop those past their retention; how many were dropped.';

create or replace function syncline.sweep_streams(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_stream int;
  v_count int;
begin
  select t.id into v_stream from syncline.streams t where t.retired_at is not null order by t.retired_at limit 1 for update skip locked;
  if not found then
    return false;
  end if;
  delete from syncline.record_versions v
   where v.ctid = any (array(select x.ctid from syncline.record_versions x where x.stream_id = v_stream limit p_limit));
  get diagnostics v_count = row_count;
  if v_count = p_limit then
    return true;
  end if;
  delete from syncline.records r
   where r.stream_id = v_stream
     and r.pos = any (array(select x.pos from syncline.records x where x.stream_id = v_stream order by x.stream_id, x.pos limit p_limit));
  get diagnostics v_count = row_count;
  if v_count < p_limit then
    delete from syncline.streams where id = v_stream;
  end if;
  return true;
end $$;
comment on function syncline.sweep_streams(int) is 'Delete records and versions of a stream that was replaced or whose connection is gone; false when there is none.';

create or replace function syncline.prune_old_payloads(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_stream int;
  v_until bigint;
  v_left int := p_limit;
begin
  -- Each stream stays locked until commit, so the limit is one for all of them, and one that is busy waits for next time.
  for v_stream, v_until in
    select o.id, o.until
      from (
        select t.id, t.pruned_pos, syncline.first_position_since(t.id, syncline.now() - c.payload_prune_after) - 1 as until
          from syncline.streams t, syncline.settings c
         where c.payload_prune_after is not null and t.retired_at is null and t.pruned_pos < t.head
           and t.created_at < syncline.now() - c.payload_prune_after
         order by t.id) o
     where o.until > o.pruned_pos
  loop
    perform from syncline.streams t where t.id = v_stream for no key update skip locked;
    continue when not found;
    v_left := v_left - (select p.count from syncline.prune_stream(v_stream, v_until, v_left) p);
    exit when v_left = 0;
  end loop;
  return v_left = 0;
end $$;
comment on function syncline.prune_old_payloads(int) is 'Forget payloads unchanged for longer than settings.payload_prune_after; true when more may wait.';

create or replace function syncline.tidy_versions(p_limit int) returns boolean
language plpgsql volatile as $$
declare
  v_stream int;
  v_until timestamptz;
  v_count int;
  v_left int := p_limit;
begin
  -- From stream to stream by the index: of those that keep no history there is nothing to look at.
  for v_stream, v_until in
    with recursive kept as (
      select min(v.stream_id) as id from syncline.record_versions v
      union all
      select (select min(v.stream_id) from syncline.record_versions v where v.stream_id > k.id) from kept k where k.id is not null
    )
    select t.id, o.until
      from kept k
      join syncline.streams t on t.id = k.id and t.retired_at is null
     cross join syncline.settings c
     cross join lateral (
       select case when t.history_since is null then 'infinity'
              else greatest(t.history_since, syncline.now() - c.history_retention) end as until) o
     where (select min(v.valid_to) from syncline.record_versions v where v.stream_id = t.id) < o.until
     order by t.id
  loop
    perform from syncline.streams t where t.id = v_stream for no key update skip locked;
    continue when not found;
    update syncline.streams t set history_since = v_until where t.id = v_stream and t.history_since < v_until;
    delete from syncline.record_versions v
     where v.ctid = any (array(
       select x.ctid from syncline.record_versions x where x.stream_id = v_stream and x.valid_to < v_until order by x.valid_to limit v_left));
    get diagnostics v_count = row_count;
    v_left := v_left - v_count;
    exit when v_left = 0;
  end loop;
  return v_left = 0;
end $$;
comment on function syncline.tidy_versions(int) is 'Delete versions of records that ended longer than settings.history_retention ago or before their stream''s history began; true when more may wait. The history of a stream then begins where its versions do.';

create or replace function syncline.expire_records() returns int
language plpgsql volatile as $$
declare
  v_stream syncline.streams;
  v_count int := 0;
begin
  for v_stream in
    select t.*
      from syncline.streams t, syncline.settings c
     where c.records_expire_after is not null and t.retired_at is null
       and coalesce(t.last_change_at, t.created_at) < syncline.now() - c.records_expire_after
       and not exists (
         select from syncline.runs r
          where r.connection_id = t.connection_id and r.sync_id is not null and coalesce(r.finished_at, syncline.now()) > syncline.now() - c.records_expire_after)
       and not exists (
         select from syncline.syncs s where s.connection_id = t.connection_id and s.state = 'started' and s.deleted_at is null)
     order by t.id
       for no key update of t
  loop
    begin
      if v_stream.lands then
        perform syncline.clear_landing(v_stream.id);
      end if;
      update syncline.streams t set retired_at = syncline.now(), lands = false where t.id = v_stream.id;
      v_count := v_count + 1;
    exception when sqlstate 'SL006' then
      raise warning 'records of stream % do not expire: %', v_stream.id, sqlerrm; -- and hold up no other housekeeping
    end;
  end loop;
  return v_count;
end $$;
comment on function syncline.expire_records() is 'Drop the records of connections none of whose syncs ran for settings.records_expire_after; how many streams.';

create or replace function syncline.tidy_runs(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_runs int;
  v_webhooks int;
begin
  with gone as (
    delete from syncline.runs r
     where r.id in (
       select x.id from syncline.runs x, syncline.settings c
        where x.finished_at < syncline.now() - c.run_retention
          and not exists (select from syncline.syncs s where s.id = x.sync_id and s.last_run_id = x.id)
          and not exists (select from syncline.refreshes w where w.sync_id = x.sync_id and w.run_id = x.id and w.ended_at is null)
          and not exists (select from syncline.webhook_calls c where c.run_id = x.id and c.ended_at is null)
        order by x.finished_at
        limit p_limit)
    returning r.id, r.sync_id
  ), forgotten as (
    delete from syncline.refreshes w using gone g where w.sync_id = g.sync_id and w.run_id = g.id
  )
  select count(*) into v_runs from gone;
  delete from syncline.outbox o
   where o.id in (
     select x.id from syncline.outbox x, syncline.settings c where x.ended_at < syncline.now() - c.run_retention order by x.ended_at limit p_limit);
  get diagnostics v_webhooks = row_count;
  return greatest(v_runs, v_webhooks);
end $$;
comment on function syncline.tidy_runs(int) is 'Delete ended runs and sent webhooks past their retention, but each sync''s last run and those whose deletes wait for approval or whose calls for another attempt; how many of the one or the other: the limit when more may wait.';

create or replace function syncline.tidy_actions(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_until timestamptz := (select syncline.now() - c.action_result_retention from syncline.settings c);
  v_count int;
begin
  delete from syncline.actions a
   where a.id in (select x.id from syncline.actions x where x.ended_at < v_until order by x.ended_at limit p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_actions(int) is 'Delete the results of actions past settings.action_result_retention; how many: the limit when more may wait.';

create or replace function syncline.purge_connections(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.connections n
   where n.id in (
     select x.id from syncline.connections x, syncline.settings c
      where x.deleted_at < syncline.now() - c.run_retention
        and not exists (select from syncline.streams t where t.connection_id = x.id)
        and not exists (select from syncline.inbox_matches m where m.connection_id = x.id)
      limit p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.purge_connections(int) is 'Delete the rows of connections deleted a retention ago whose records are swept; how many.';

create or replace function syncline.purge_integrations(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.integrations i
   where i.id in (
     select x.id from syncline.integrations x
      where x.deleted_at is not null and not exists (select from syncline.connections n where n.integration_id = x.id)
        and not exists (select from syncline.inbox w where w.integration_id = x.id)
      limit p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.purge_integrations(int) is 'Delete the rows of deleted integrations whose connections are purged; how many.';

create or replace function syncline.tidy()
returns table (has_more boolean)
language plpgsql volatile as $$
begin
  perform syncline.bury_workers();
  perform syncline.tidy_rate_limits();
  perform syncline.tidy_request_counts();
  perform syncline.tidy_connect_sessions(1000);
  perform syncline.tidy_oauth_flows(1000);
  perform syncline.expire_records();
  perform syncline.purge_connections(100);
  perform syncline.purge_integrations(100);
  has_more := syncline.tidy_runs(1000) = 1000;
  has_more := syncline.tidy_actions(1000) = 1000 or has_more;
  has_more := syncline.tidy_audit(1000) = 1000 or has_more;
  has_more := syncline.tidy_events(1000) = 1000 or has_more;
  has_more := syncline.forget_connection_events(1000) or has_more;
  has_more := syncline.forget_integration_events(1000) or has_more;
  has_more := syncline.sweep_streams(5000) or has_more;
  has_more := syncline.purge_environments(1000) or has_more;
  has_more := syncline.prune_old_payloads(1000) or has_more;
  has_more := syncline.tidy_versions(5000) or has_more;
  return next;
end $$;
comment on function syncline.tidy() is 'One round of housekeeping but for the log, a few seconds at most; call again while more waits.';
