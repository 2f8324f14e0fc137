-- 99_tidy.sql: what is too old. Every step is short and says whether more waits, so that nothing is locked for long.
create or replace function syncline.tidy_logs() returns int
language plpgsql volatile as $$
declare
  v_today date := syncline.now() at time zone 'UTC';
  v_day date;
  v_table regclass;
  v_count int := 0;
begin
  -- Partitions exist two days ahead; a day that has rows in the default partition keeps them there.
  -- Days are days of UTC, whatever the time zone of the session.
  for v_day in select v_today + d from generate_series(0, 2) d loop
    if to_regclass(format('syncline.logs_%s', to_char(v_day, 'YYYYMMDD'))) is null
       and not exists (
         select from syncline.logs_default l
          where l.at >= v_day::timestamp at time zone 'UTC' and l.at < (v_day + 1)::timestamp at time zone 'UTC') then
      execute format('create table syncline.%I partition of syncline.logs for values from (%L) to (%L)',
        'logs_' || to_char(v_day, 'YYYYMMDD'), v_day || ' 00:00+00', v_day + 1 || ' 00:00+00');
      execute format('alter table syncline.%I enable row level security', 'logs_' || to_char(v_day, 'YYYYMMDD'));
      execute format('comment on table syncline.%I is %L', 'logs_' || to_char(v_day, 'YYYYMMDD'), 'Log rows of one day.');
    end if;
  end loop;
  for v_table in
    select i.inhrelid::regclass
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid, syncline.settings s
     where i.inhparent = 'syncline.logs'::regclass and c.relname ~ '^logs_\d{8}$'
       and to_date(right(c.relname, 8), 'YYYYMMDD') < ((syncline.now() - s.log_retention) at time zone 'UTC')::date
  loop
    execute format('drop table %s', v_table);
    v_count := v_count + 1;
  end loop;
  delete from syncline.logs_default l using syncline.settings s where l.at < syncline.now() - s.log_retention;
  return v_count;
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
  delete from syncline.records r
   where r.stream_id = v_stream
     and r.pos = any (array(select x.pos from syncline.records x where x.stream_id = v_stream order by x.stream_id, x.pos limit p_limit));
  get diagnostics v_count = row_count;
  if v_count < p_limit then
    delete from syncline.streams where id = v_stream;
  end if;
  return true;
end $$;
comment on function syncline.sweep_streams(int) is 'Delete records of a stream that was replaced or whose connection is gone; false when there is none.';

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

create or replace function syncline.expire_records() returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  update syncline.streams t
     set retired_at = syncline.now()
    from syncline.settings c
   where c.records_expire_after is not null and t.retired_at is null
     and coalesce(t.last_change_at, t.created_at) < syncline.now() - c.records_expire_after
     and not exists (
       select from syncline.runs r
        where r.connection_id = t.connection_id and coalesce(r.finished_at, syncline.now()) > syncline.now() - c.records_expire_after)
     and not exists (
       select from syncline.syncs s where s.connection_id = t.connection_id and s.state = 'started' and s.deleted_at is null);
  get diagnostics v_count = row_count;
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
comment on function syncline.tidy_runs(int) is 'Delete ended runs and sent webhooks past their retention, but each sync''s last run and those whose deletes wait for approval; how many of the one or the other: the limit when more may wait.';

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
  perform syncline.expire_records();
  perform syncline.purge_connections(100);
  perform syncline.purge_integrations(100);
  has_more := syncline.tidy_runs(1000) = 1000;
  has_more := syncline.sweep_streams(5000) or has_more;
  has_more := syncline.prune_old_payloads(1000) or has_more;
  perform syncline.tidy_logs(); -- last: a dropped partition locks the log until commit
  return next;
end $$;
comment on function syncline.tidy() is 'One round of housekeeping, a few seconds at most; call again while more waits.';
