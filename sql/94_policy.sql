-- 94_policy.sql: which rows the roles of GraphQL and of people see.
-- Promise: the application role sees the rows of the environment its session is set to (syncline.environment) and, without
-- that setting, none. Support and operators see all rows. Which columns and functions is said in 95_grants.sql.
-- Roles belong to the whole cluster, so several databases make them at once; who may not make roles can still migrate:
-- then an administrator makes them and calls syncline.apply_policies().
create or replace function syncline.tenant_rules()
returns table (table_name text, rule text)
language sql immutable parallel safe
begin atomic
  -- A subselect that names no column is asked once a statement, not once a row. What belongs to a row of another table is seen
  -- with that row, which is looked up by its key: "exists" would be asked by reading all rows of the environment instead
  -- (18,000 streams for one page of 1,000 records: 149 ms instead of 23).
  select v.name, v.rule
    from (values
      ('environments', 'id = (select syncline.current_environment())'),
      ('integrations', 'environment_id = (select syncline.current_environment())'),
      ('connections', 'environment_id = (select syncline.current_environment())'),
      ('connection_auth', '(select n.environment_id from syncline.connections n where n.id = connection_auth.connection_id) = (select syncline.current_environment())'),
      ('functions', 'environment_id = (select syncline.current_environment())'),
      ('syncs', 'environment_id = (select syncline.current_environment())'),
      ('runs', 'environment_id = (select syncline.current_environment())'),
      ('checkpoints', '(select n.environment_id from syncline.connections n where n.id = checkpoints.connection_id) = (select syncline.current_environment())'),
      ('streams', 'environment_id = (select syncline.current_environment())'),
      ('records', '(select t.environment_id from syncline.streams t where t.id = records.stream_id) = (select syncline.current_environment())'),
      ('run_streams', '(select t.environment_id from syncline.streams t where t.id = run_streams.stream_id) = (select syncline.current_environment())'),
      ('refreshes', '(select t.environment_id from syncline.streams t where t.id = refreshes.stream_id) = (select syncline.current_environment())'),
      ('webhook_endpoints', 'environment_id = (select syncline.current_environment())'),
      ('webhook_lanes', '(select e.environment_id from syncline.webhook_endpoints e where e.id = webhook_lanes.endpoint_id) = (select syncline.current_environment())'),
      ('outbox', 'environment_id = (select syncline.current_environment())'),
      ('inbox', 'environment_id = (select syncline.current_environment())'),
      ('inbox_matches', '(select i.environment_id from syncline.inbox i where i.id = inbox_matches.inbox_id) = (select syncline.current_environment())'),
      ('webhook_calls', 'environment_id = (select syncline.current_environment())'),
      ('deliveries', '(select o.environment_id from syncline.outbox o where o.id = deliveries.outbox_id) = (select syncline.current_environment())'),
      ('logs', 'environment_id = (select syncline.current_environment())'),
      ('audit_log', 'environment_id = (select syncline.current_environment())')
    ) as v (name, rule);
end;
comment on function syncline.tenant_rules() is 'The tables that the application role reads, each with the condition under which it sees a row.';

create or replace function syncline.make_role(p_role text, p_is_joined boolean) returns boolean
language plpgsql volatile as $$
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = p_role) then
    begin
      execute format('create role %I nologin', p_role);
    exception when duplicate_object or unique_violation then
      null; -- another database of the cluster was as fast
    end;
  end if;
  -- The server turns into the role for each request, so it must be a member; a superuser is one of all.
  if p_is_joined and not syncline.may_become(p_role) then
    begin
      execute format('grant %I to current_user', p_role);
    exception when unique_violation then
      null;
    end;
  end if;
  return true;
exception
  when insufficient_privilege then
    return exists (select from pg_catalog.pg_roles r where r.rolname = p_role);
end $$;
comment on function syncline.make_role(text, boolean) is 'Make a role that cannot log in, and where asked the caller a member of it; false when there is none, because the caller may not make roles.';

create or replace function syncline.join_role(p_role text, p_member text) returns boolean
language plpgsql volatile as $$
begin
  if not pg_catalog.pg_has_role(p_member, p_role, 'usage') then
    execute format('grant %I to %I', p_role, p_member);
  end if;
  return true;
exception
  when unique_violation then
    return true; -- another database of the cluster was as fast
  when insufficient_privilege then
    return false;
end $$;
comment on function syncline.join_role(text, text) is 'Let a role have the rights of another; false when the caller may not give them.';

create or replace function syncline.apply_policies() returns int
language plpgsql volatile as $$
declare
  v_one record;
  v_count int := 0;
begin
  for v_one in
    select r.table_name, 'tenant' as policy, 'select' as command, 'syncline_app' as role, r.rule from syncline.tenant_rules() r
     union all
    select 'settings', 'syncline_operator_changes', 'update', 'syncline_operator', 'true'
     union all
    select c.relname, o.role, 'select', o.role, 'true'
      from pg_catalog.pg_class c, (values ('syncline_support'), ('syncline_operator')) as o (role)
     where c.relnamespace = 'syncline'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  loop
    -- A policy is made anew only when its rule changed: making one waits for everybody who reads the table.
    if exists (select from pg_catalog.pg_roles r where r.rolname = v_one.role)
       and not exists (
         select from pg_catalog.pg_policy p
          where p.polrelid = format('syncline.%I', v_one.table_name)::regclass and p.polname = v_one.policy
            and obj_description(p.oid, 'pg_policy') = v_one.rule)
    then
      execute format('drop policy if exists %I on syncline.%I', v_one.policy, v_one.table_name);
      execute format('create policy %I on syncline.%I for %s to %I using (%s)', v_one.policy, v_one.table_name, v_one.command, v_one.role, v_one.rule);
      execute format('comment on policy %I on syncline.%I is %L', v_one.policy, v_one.table_name, v_one.rule);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end $$;
comment on function syncline.apply_policies() is 'Let each role see its rows; how many policies were made or changed. For roles that do not exist nothing is done.';
