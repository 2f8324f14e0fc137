-- 59_auth_news.sql: what is told about a connection's credentials, and when they are to be looked at again.
-- Promise: the app hears of each failure once, on the lane of the connection, in the order in which it happened.
create or replace function syncline.describe_connection_errors(p_connection int) returns jsonb
language sql stable
return (
  select coalesce(jsonb_agg(
           jsonb_build_object('type', f.type, 'log_id', f.log_id::text, 'message', left(f.message, 200), 'since', f.since)
           order by f.type, f.log_id), '[]')
    from (
      select 'auth' as type, a.error_log_id as log_id, coalesce(a.error ->> 'description', a.error ->> 'type') as message,
             a.error ->> 'since' as since
        from syncline.connection_auth a
       where a.connection_id = p_connection and a.error is not null
      union all
      select 'sync', r.id, r.error ->> 'message', syncline.webhook_time(r.finished_at)
        from syncline.syncs s
        join syncline.runs r on r.id = s.last_run_id
       where s.connection_id = p_connection and s.deleted_at is null and r.state = 'failed') f
);
comment on function syncline.describe_connection_errors(int) is 'What is wrong with a connection now: its credentials, named by a line of the log, and each sync whose last run failed.';

create or replace function syncline.describe_end_user(p_end_user jsonb) returns jsonb
language sql immutable parallel safe
return case when p_end_user is not null then jsonb_build_object(
  'endUserId', p_end_user ->> 'id', 'endUserEmail', p_end_user ->> 'email',
  'organizationId', p_end_user #>> '{organization,id}', 'tags', coalesce(p_end_user -> 'tags', '{}')) end;
comment on function syncline.describe_end_user(jsonb) is 'An end user as webhooks name it.';

create or replace function syncline.announce_auth(p_connection int, p_operation text, p_error jsonb) returns int
language plpgsql volatile as $$
declare
  v_environment int;
  v_body jsonb;
begin
  select e.id, jsonb_strip_nulls(jsonb_build_object(
           'from', 'nango', 'type', 'auth', 'operation', p_operation, 'success', p_error is null, 'environment', e.name,
           'connectionId', n.connection_id, 'providerConfigKey', i.unique_key, 'provider', i.provider, 'authMode', n.auth_mode,
           'tags', n.tags, 'endUser', syncline.describe_end_user(n.end_user), 'error', p_error))
    into v_environment, v_body
    from syncline.connections n
    join syncline.integrations i on i.id = n.integration_id
    join syncline.environments e on e.id = n.environment_id
   where n.id = p_connection
     and case p_operation when 'creation' then e.on_auth_creation when 'deletion' then e.on_connection_deletion
           when 'refresh' then e.on_auth_refresh_error else true end;
  return case when v_body is null then 0 else syncline.enqueue_webhook(v_environment, p_connection, null, 'auth', v_body, 'auth:' || p_connection) end;
end $$;
comment on function syncline.announce_auth(int, text, jsonb) is 'Queue an auth webhook about a connection where the environment wants it; how many. With an error ({type, description}) it tells of a failure.';

create or replace function syncline.announce_connection(p_connection int, p_operation text) returns int
language sql volatile
return syncline.announce_auth(p_connection, p_operation, null);
comment on function syncline.announce_connection(int, text) is 'Queue the auth webhook of a creation, override or deletion where the environment wants it; how many.';

create or replace function syncline.announce_failed_connection(
  p_environment int, p_integration text, p_connection text, p_operation text, p_error jsonb, p_tags jsonb, p_end_user jsonb,
  p_auth_mode text default 'unknown') returns int
language plpgsql volatile as $$
declare
  v_id int;
  v_body jsonb;
begin
  select n.id, jsonb_strip_nulls(jsonb_build_object(
           'from', 'nango', 'type', 'auth', 'operation', p_operation, 'success', false, 'environment', e.name,
           'connectionId', p_connection, 'providerConfigKey', i.unique_key, 'provider', i.provider, 'authMode', p_auth_mode,
           'tags', coalesce(p_tags, '{}'), 'endUser', syncline.describe_end_user(p_end_user), 'error', p_error))
    into v_id, v_body
    from syncline.environments e
    join syncline.integrations i on i.environment_id = e.id and i.unique_key = p_integration and i.deleted_at is null
    left join syncline.connections n on n.integration_id = i.id and n.connection_id = p_connection and n.deleted_at is null
   where e.id = p_environment and case p_operation when 'creation' then e.on_auth_creation else true end;
  return case when v_body is null then 0 else syncline.enqueue_webhook(p_environment, v_id, null, 'auth', v_body, 'auth:' || v_id) end;
end $$;
comment on function syncline.announce_failed_connection(int, text, text, text, jsonb, jsonb, jsonb, text) is 'Queue the auth webhook of a creation or override that failed, with why ({type, description}), where the environment wants it; how many. There may be no connection of this name.';

create or replace function syncline.renewal_time(p_expire_at timestamptz, p_margin interval) returns timestamptz
language sql stable
return case when p_margin is not null then
  p_expire_at - least(p_margin, greatest(p_expire_at - syncline.now(), interval '0') / 4) end;
comment on function syncline.renewal_time(timestamptz, interval) is 'When credentials of now that end then are to be renewed: so long before, but never more than a quarter of their life, or those of 10 min would be renewed at every use. Null without an end or a margin.';

create or replace function syncline.next_auth_check() returns timestamptz
language sql volatile
return syncline.now() + interval '18 h' + random() * interval '5 h';
comment on function syncline.next_auth_check() is 'When credentials that were good just now are looked at again: each day, and not all at once.';
