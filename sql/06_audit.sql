-- 06_audit.sql: who did what, written in the transaction of the change, so that there is no entry without it nor the reverse.
-- Promise: entries are added and nothing else; only those past settings.audit_retention can be deleted, by anybody. Of what
-- changed the names are kept, never values. Whoever owns the tables can take these triggers away: who must not trust that role
-- copies the log elsewhere.
-- The server says for whom it acts in the setting syncline.actor, {kind, id, ip}. It is believed of the server's own login role
-- alone: an operator who sets it is still written down as that operator.
create or replace function syncline.keep_audit_log() returns trigger
language plpgsql volatile as $$
begin
  if tg_op = 'DELETE' and old.at < syncline.now() - (select s.audit_retention from syncline.settings s) then
    return old;
  end if;
  raise exception using errcode = 'SL005', message = 'the audit log is only added to',
    hint = 'Entries go once they are older than settings.audit_retention.';
end $$;
comment on function syncline.keep_audit_log() is 'Trigger: refuses to change, truncate or delete the audit log, but for entries past their retention.';

create or replace function syncline.tidy_audit(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  -- The oldest have the lowest numbers: of these no more than the limit are looked at.
  delete from syncline.audit_log l
   where l.id = any (array(
     select x.id from (select o.id, o.at from syncline.audit_log o order by o.id limit p_limit) x, syncline.settings s
      where x.at < syncline.now() - s.audit_retention));
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_audit(int) is 'Delete entries of the audit log past settings.audit_retention; how many: the limit when more may wait.';

create or replace function syncline.is_server() returns boolean
language sql stable
return (
  select pg_catalog.pg_has_role(session_user, c.relowner, 'usage') from pg_catalog.pg_class c where c.oid = 'syncline.audit_log'::regclass);
comment on function syncline.is_server() is 'Whether this session is the server''s own login role, whose word on actors and on the time is taken.';

create or replace function syncline.current_actor(p_given jsonb default null)
returns table (kind text, id text, name text, ip text)
language plpgsql stable as $$
declare
  v_program text := current_setting('application_name');
  v_is_server boolean := syncline.is_server();
  v_given jsonb := case when v_is_server then coalesce(p_given, nullif(current_setting('syncline.actor', true), '')::jsonb) end;
begin
  ip := v_given ->> 'ip';
  if v_given is null then
    id := session_user;
    kind := case when v_is_server and v_program like 'syncline %' and v_program not like 'syncline sql %' then 'system' else 'operator' end;
    name := case kind when 'system' then regexp_replace(v_program, ' \d+$', '') else id end;
    return next;
    return;
  end if;
  kind := v_given ->> 'kind';
  id := v_given ->> 'id';
  name := case
    when kind in ('api_key', 'graphql') then (select k.display_name from syncline.api_keys k where k.id = (v_given ->> 'id')::int)
    when kind = 'connect_session' then (select s.end_user ->> 'id' from syncline.connect_sessions s where s.id = (v_given ->> 'id')::int)
    else v_given ->> 'name' end;
  return next;
end $$;
comment on function syncline.current_actor(jsonb) is 'Who changes something now: as given, else as the server says of this transaction, else the server itself or, in psql, the role that logged in.';

create or replace function syncline.write_audit(
  p_environment int, p_action text, p_subject_kind text, p_subject_id text, p_subject_name text, p_fields text[] default '{}',
  p_actor jsonb default null) returns void
language sql volatile security definer set search_path = ''
begin atomic
  -- Anybody can set syncline.fake_now: an entry that an operator dates back would be past its retention, and go.
  insert into syncline.audit_log (
    at, environment_id, environment, actor_kind, actor_id, actor_name, ip, action, subject_kind, subject_id, subject_name, fields)
  select case when syncline.is_server() then syncline.now()
           else statement_timestamp() end, -- wall clock: what a session sets is believed of the server only
         p_environment, (select e.name from syncline.environments e where e.id = p_environment),
         a.kind, a.id, a.name, a.ip, p_action, p_subject_kind, p_subject_id, p_subject_name, coalesce(p_fields, '{}')
    from syncline.current_actor(p_actor) a;
end;
comment on function syncline.write_audit(int, text, text, text, text, text[], jsonb) is 'Write down that something was done, in the transaction that does it: an action such as connection.deleted, to what (kind, id, name), the names of the fields that changed; by whom, where that is not known here.';

create or replace function syncline.note_reader(p_environment int, p_connection int, p_name text, p_reader jsonb) returns boolean
language plpgsql volatile as $$
begin
  perform syncline.write_audit(p_environment, 'connection.credentials_read', 'connection', p_connection::text, p_name, p_actor => p_reader);
  return true;
end $$;
comment on function syncline.note_reader(int, int, text, jsonb) is 'Write down who was shown a connection''s credentials; true.';

create or replace function syncline.audit_name(p_kind text, p_row jsonb) returns text
language sql stable
return case p_kind
  when 'environment' then p_row ->> 'name'
  when 'environment_variable' then p_row ->> 'name'
  when 'api_key' then p_row ->> 'display_name'
  when 'integration' then p_row ->> 'unique_key'
  -- A secret may stand in a URL's query, and a password before its host.
  when 'webhook_endpoint' then regexp_replace(split_part(p_row ->> 'url', '?', 1), '//[^/@]*@', '//')
  when 'delivery_table' then p_row ->> 'table_name'
  when 'connection' then (
    select i.unique_key || '/' || (p_row ->> 'connection_id') from syncline.integrations i where i.id = (p_row ->> 'integration_id')::int)
  when 'function' then (
    select i.unique_key || '/' || (p_row ->> 'name') from syncline.integrations i where i.id = (p_row ->> 'integration_id')::int)
  when 'sync' then (
    select i.unique_key || '/' || n.connection_id || '/' || (p_row ->> 'name') || case when p_row ->> 'variant' <> 'base' then '::' || (p_row ->> 'variant') else '' end
      from syncline.connections n join syncline.integrations i on i.id = n.integration_id
     where n.id = (p_row ->> 'connection_id')::int)
  end;
comment on function syncline.audit_name(text, jsonb) is 'What people call a row of this kind.';

create or replace function syncline.audit_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_action text := tg_argv[0];
  v_kind text := tg_argv[1];
  v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_row jsonb := case when tg_op = 'DELETE' then v_old else to_jsonb(new) end;
  v_environment int := case v_kind when 'environment' then v_row ->> 'id' else v_row ->> 'environment_id' end;
  v_fields text[];
begin
  -- What goes with its environment is not named one by one, but for credentials.
  if v_kind not in ('environment', 'connection')
     and exists (select from syncline.environments e where e.id = v_environment and e.deleted_at is not null) then
    return null;
  end if;
  if tg_op = 'UPDATE' and v_action like '%.updated' then
    v_fields := array(
      select distinct replace(k.name, '_sealed', '') from jsonb_object_keys(v_row) as k (name)
       where (tg_nargs = 2 or k.name = any (tg_argv)) and v_row -> k.name is distinct from v_old -> k.name
       order by 1);
  end if;
  perform syncline.write_audit(v_environment, v_action, v_kind, v_row ->> 'id', syncline.audit_name(v_kind, v_row), v_fields);
  return null;
end $$;
comment on function syncline.audit_change() is 'Trigger: writes that a row was made, changed or deleted. Its arguments: action, kind, and the columns that count, or none for all.';

create or replace function syncline.audit_sync(p_sync int, p_action text) returns void
language sql volatile
begin atomic
  select syncline.write_audit(s.environment_id, p_action, 'sync', s.id::text, syncline.audit_name('sync', to_jsonb(s)))
    from syncline.syncs s
   where s.id = p_sync;
end;
comment on function syncline.audit_sync(int, text) is 'Write down what was done to a sync.';

create or replace function syncline.audited_changes()
returns table (action text, kind text, table_name text, event text, columns text[], condition text)
language sql immutable parallel safe
begin atomic
  -- By column and condition: what runs change all the time (ticks, last fetches, renewed tokens) calls no trigger.
  select v.*
    from (values
      ('environment.created', 'environment', 'environments', 'insert', null::text[], null),
      ('environment.updated', 'environment', 'environments', 'update',
        '{name,webhook_url_primary,webhook_url_secondary,on_auth_creation,on_auth_refresh_error,on_sync_error,on_sync_completion_always,on_async_action_completion,on_connection_deletion,record_validation,connect_ui}',
        'new.deleted_at is null'),
      ('environment.signing_key_rotated', 'environment', 'environments', 'update', '{signing_key_sealed}',
        'new.deleted_at is null and old.signing_key_sealed <> '''''), -- it is empty until it is made
      ('environment.deleted', 'environment', 'environments', 'update', '{deleted_at}', 'new.deleted_at is not null'),
      ('environment_variable.created', 'environment_variable', 'environment_variables', 'insert', null, null),
      ('environment_variable.updated', 'environment_variable', 'environment_variables', 'update', '{value_sealed}', null),
      ('environment_variable.deleted', 'environment_variable', 'environment_variables', 'delete', null, null),
      ('api_key.created', 'api_key', 'api_keys', 'insert', null, null),
      ('api_key.updated', 'api_key', 'api_keys', 'update', '{environment_id,display_name,key_hash,scopes}', null),
      ('api_key.revoked', 'api_key', 'api_keys', 'update', '{revoked_at}', 'new.revoked_at is not null'),
      ('integration.created', 'integration', 'integrations', 'insert', null, null),
      ('integration.updated', 'integration', 'integrations', 'update',
        '{unique_key,provider,display_name,forward_webhooks,credentials_sealed,config,config_sealed,custom,webhook_secret_sealed}', 'new.deleted_at is null'),
      ('integration.deleted', 'integration', 'integrations', 'update', '{deleted_at}', 'new.deleted_at is not null'),
      ('connection.created', 'connection', 'connections', 'insert', null, null),
      ('connection.updated', 'connection', 'connections', 'update',
        '{connection_id,auth_mode,connection_config,metadata,tags,end_user,webhook_url_override}', 'new.deleted_at is null'),
      ('connection.deleted', 'connection', 'connections', 'update', '{deleted_at}', 'new.deleted_at is not null'),
      ('function.deployed', 'function', 'functions', 'insert', null, null),
      ('sync.started', 'sync', 'syncs', 'update', '{state}', 'new.state = ''started'' and new.deleted_at is null'),
      ('sync.paused', 'sync', 'syncs', 'update', '{state}', 'new.state = ''paused'' and new.deleted_at is null'),
      ('sync.updated', 'sync', 'syncs', 'update', '{frequency_override,delete_limit_share,delete_limit_rows}', 'new.deleted_at is null'),
      ('webhook_endpoint.paused', 'webhook_endpoint', 'webhook_endpoints', 'update', '{paused_at}', 'new.paused_at is not null'),
      ('webhook_endpoint.resumed', 'webhook_endpoint', 'webhook_endpoints', 'update', '{paused_at}', 'new.paused_at is null'),
      ('delivery_table.allowed', 'delivery_table', 'landing_tables', 'insert', null, null),
      ('delivery_table.forbidden', 'delivery_table', 'landing_tables', 'delete', null, null),
      ('settings.updated', 'settings', 'settings', 'update', null, null)
    ) as v (action, kind, table_name, event, columns, condition);
end;
comment on function syncline.audited_changes() is 'The changes of rows that are written down: which action, to what kind of thing, by which table, event, columns (null: all) and condition.';

create or replace function syncline.audit_triggers()
returns table (table_name text, name text, definition text)
language sql stable
begin atomic
  select c.table_name, 'audit_' || split_part(c.action, '.', 2),
         case c.event when 'update' then format(
           'after update%s on syncline.%I for each row when (%s) execute function syncline.audit_change(%s)',
           ' of ' || array_to_string(c.columns, ', '), c.table_name,
           concat_ws(' and ',
             coalesce(
               (select '(' || string_agg(format('old.%1$I is distinct from new.%1$I', k.name), ' or ') || ')' from unnest(c.columns) as k (name)),
               'old.* is distinct from new.*'),
             c.condition),
           concat_ws(', ', quote_literal(c.action), quote_literal(c.kind),
             (select string_agg(quote_literal(k.name), ', ') from unnest(c.columns) as k (name))))
         else format('after %s on syncline.%I for each row execute function syncline.audit_change(%L, %L)', c.event, c.table_name, c.action, c.kind) end
    from syncline.audited_changes() c
   union all
  select 'audit_log', 'audit_kept', 'before delete on syncline.audit_log for each row execute function syncline.keep_audit_log()'
   union all
  select 'audit_log', 'audit_unchanged', 'before update or truncate on syncline.audit_log for each statement execute function syncline.keep_audit_log()';
end;
comment on function syncline.audit_triggers() is 'The triggers by which changes are written down and the log is kept.';

create or replace function syncline.apply_audit() returns int
language plpgsql volatile as $$
declare
  v_one record;
  v_count int := 0;
begin
  for v_one in
    select coalesce(w.table_name, h.table_name) as table_name, coalesce(w.name, h.name) as name, w.definition
      from syncline.audit_triggers() w
      full join (
        select c.relname::text as table_name, t.tgname::text as name, obj_description(t.oid, 'pg_trigger') as definition
          from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
         where c.relnamespace = 'syncline'::regnamespace and t.tgname like 'audit\_%') h using (table_name, name)
     where w.definition is distinct from h.definition
  loop
    -- Only what is not so already: making a trigger waits for everybody who writes to the table.
    execute format('drop trigger if exists %I on syncline.%I', v_one.name, v_one.table_name);
    if v_one.definition is not null then
      execute format('create trigger %I %s', v_one.name, v_one.definition);
      execute format('comment on trigger %I on syncline.%I is %L', v_one.name, v_one.table_name, v_one.definition);
      if v_one.table_name = 'audit_log' then
        -- In replication too, which otherwise fires no triggers.
        execute format('alter table syncline.audit_log enable always trigger %I', v_one.name);
      end if;
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function syncline.apply_audit() is 'Make the triggers as they should be; how many were made anew.';

select syncline.apply_audit();
