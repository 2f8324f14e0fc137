-- 86_doctor.sql: is this installation one that can keep its promises, and does anything wait for somebody?
create or replace function syncline.may_become(p_role text) returns boolean
language sql stable
return pg_catalog.pg_has_role(current_user, p_role, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end);
comment on function syncline.may_become(text) is 'True when the caller may turn into a role that exists (set role). Who makes a role on 16 and later may not yet.';

create or replace function syncline.check_roles()
returns table (name text, verdict text, detail text)
language sql stable
begin atomic
  select 'role ' || w.role, case when m.commands = '' and m.has_rights then 'ok' else 'warn' end,
         case when m.commands = '' and m.has_rights then w.says
              else format('%s; an administrator has to run: %s select syncline.apply_grants(), syncline.apply_policies();', w.says, m.commands) end
    from (values
      ('syncline_app', true, null, 'GraphQL reads with it'),
      ('syncline_app_writer', true, 'syncline_app', 'GraphQL''s mutations act with it'),
      ('syncline_support', false, null, 'for people who look'),
      ('syncline_operator', false, null, 'for people who decide')) as w (role, is_joined, has_rights_of, says)
    left join pg_catalog.pg_roles r on r.rolname = w.role
    left join pg_catalog.pg_roles o on o.rolname = w.has_rights_of
   cross join lateral (
     select concat_ws(' ',
       case when r.oid is null then format('create role %I nologin;', w.role) end,
       case when w.is_joined and (r.oid is null or not syncline.may_become(r.rolname)) then format('grant %I to %I;', w.role, current_user) end,
       case when w.has_rights_of is not null and (r.oid is null or o.oid is null or not pg_has_role(r.oid, o.oid, 'usage'))
         then format('grant %I to %I;', w.has_rights_of, w.role) end) as commands,
       coalesce(has_schema_privilege(r.oid, 'syncline'::regnamespace::oid, 'usage'), false) as has_rights) m
   order by 1;
end;
comment on function syncline.check_roles() is 'Whether our roles exist and have their rights and, of the first, whether the caller may turn into it; what an administrator has to run where not.';

create or replace function syncline.check_credentials()
returns table (name text, verdict text, detail text)
language sql stable
begin atomic
  select 'credentials of connections', case when count(a.error) > 0 then 'warn' else 'ok' end,
         case when count(a.error) = 0 then format('%s connections', count(*))
              else format('%s of %s connections fail, %s were given up; select * from syncline.connection_health where auth_error is not null;',
                count(a.error), count(*), count(a.exhausted_at)) end
    from syncline.connections n
    left join syncline.connection_auth a on a.connection_id = n.id
   where n.deleted_at is null;
end;
comment on function syncline.check_credentials() is 'How many connections have credentials that fail.';

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
         coalesce(count(*) || ', the oldest for ' || round(extract(epoch from syncline.now() - min(r.due_at))) || ' s', '0')
    from syncline.runs r
   where r.state = 'ready' and r.due_at <= syncline.now()
  union all
  select 'stalled syncs', case when count(*) > 0 then 'warn' else 'ok' end, count(*)::text
    from syncline.syncs s where s.stalled_at is not null and s.deleted_at is null
  union all
  select 'deletes that wait for approval', case when count(*) > 0 then 'warn' else 'ok' end, count(*)::text
    from syncline.refreshes w where w.state = 'needs_approval'
  union all
  select 'webhook endpoints', case when count(*) filter (where e.circuit = 'open' or e.paused_at is not null) > 0 then 'warn' else 'ok' end,
         format('%s rest after failures, %s are paused; select * from syncline.webhook_health;',
           count(*) filter (where e.circuit = 'open'), count(e.paused_at))
    from syncline.webhook_endpoints e
  union all
  select 'webhooks given up', case when count(*) > 0 then 'warn' else 'ok' end, count(*)::text
    from syncline.outbox o where o.state = 'dead'
  union all
  select c.name, c.verdict, c.detail from syncline.check_credentials() c
  union all
  select r.name, r.verdict, r.detail from syncline.check_roles() r;
end;
comment on function syncline.check_server(timestamptz) is 'What of this server and its work would break a promise or waits for somebody, given the time of the asking process: name, ok or warn or fail, detail.';
