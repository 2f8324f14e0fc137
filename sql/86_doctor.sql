-- 86_doctor.sql: is this installation one that can keep its promises, and does anything wait for somebody?
create or replace function syncline.check_server(p_now timestamptz)
returns table (name text, verdict text, detail text)
language sql stable
begin atomic
  select 'postgres', case when current_setting('server_version_num')::int >= 150000 then 'ok' else 'fail' end,
         format('version %s; 15 or later is needed', current_setting('server_version'))
  union all
  select c.setting, case when current_setting(c.setting) = 'off' then c.verdict else 'ok' end,
         format('%s; %s', current_setting(c.setting), c.says)
    from (values
      ('fsync', 'fail', 'off loses the database when the machine stops'),
      ('full_page_writes', 'fail', 'off loses pages when the machine stops'),
      ('synchronous_commit', 'fail', 'off loses records that were acknowledged')) as c (setting, verdict, says)
  union all
  select 'clock', case when abs(extract(epoch from p_now - syncline.now())) <= 2 then 'ok' else 'warn' end,
         format('the database is %s s ahead of this process', round(extract(epoch from syncline.now() - p_now)::numeric, 1))
  union all
  select 'connections', case when current_setting('max_connections')::int >= 100 then 'ok' else 'warn' end,
         format('max_connections %s; a process takes up to 60', current_setting('max_connections'))
  union all
  select 'workers', case when exists (select from syncline.workers) then 'ok' else 'warn' end,
         format('%s alive', (select count(*) from syncline.workers w, syncline.settings s where w.heartbeat_at > syncline.now() - s.lease))
  union all
  select 'waiting runs', case when min(r.due_at) < syncline.now() - interval '1 min' then 'warn' else 'ok' end,
         coalesce(format('%s, the oldest for %s s', count(*), round(extract(epoch from syncline.now() - min(r.due_at)))), '0')
    from syncline.runs r
   where r.state = 'ready' and r.due_at <= syncline.now()
  union all
  select 'stalled syncs', case when count(*) > 0 then 'warn' else 'ok' end, count(*)::text
    from syncline.syncs s where s.stalled_at is not null and s.deleted_at is null
  union all
  select 'deletes that wait for approval', case when count(*) > 0 then 'warn' else 'ok' end, count(*)::text
    from syncline.refreshes w where w.state = 'needs_approval';
end;
comment on function syncline.check_server(timestamptz) is 'What of this server and its work would break a promise or waits for somebody, given the time of the asking process: name, ok or warn or fail, detail.';
