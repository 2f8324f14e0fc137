-- 60_connection.sql: who is connected, with which credentials.
-- Promise: a deleted connection has no credentials and no data key from that moment on, so that whatever was sealed for it
-- is shredded; nothing of it runs, and nothing of it is found.
create or replace function syncline.import_connection(
  p_environment int, p_integration text, p_connection text, p_auth_mode text, p_connection_config jsonb, p_metadata jsonb,
  p_tags jsonb, p_generated_tags jsonb, p_end_user jsonb, p_webhook_url_override text, p_wrapped bytea, p_master_key_id text)
returns table (id int, is_new boolean, wrapped bytea, master_key_id text)
language plpgsql volatile as $$
declare
  v_integration int := syncline.resolve_integration(p_environment, p_integration);
begin
  -- A deployment locks this row too: else neither would see the other's new row, and the connection would miss a sync.
  perform from syncline.environments e where e.id = p_environment for share;
  loop
    insert into syncline.connections as n (
      environment_id, integration_id, connection_id, auth_mode, connection_config, metadata, tags, end_user, webhook_url_override)
    values (
      p_environment, v_integration, p_connection, p_auth_mode, coalesce(p_connection_config, '{}'), coalesce(p_metadata, '{}'),
      coalesce(p_generated_tags, '{}') || coalesce(p_tags, '{}'), p_end_user, p_webhook_url_override)
        on conflict do nothing
    returning n.id into id;
    is_new := id is not null;
    if is_new then
      insert into syncline.data_keys (environment_id, connection_id, wrapped, master_key_id)
      values (p_environment, id, p_wrapped, p_master_key_id);
    else
      update syncline.connections n
         set auth_mode = p_auth_mode,
             connection_config = coalesce(p_connection_config, n.connection_config),
             metadata = coalesce(p_metadata, n.metadata),
             tags = coalesce(p_generated_tags || coalesce(p_tags, '{}'), p_tags, n.tags),
             end_user = coalesce(p_end_user, n.end_user),
             webhook_url_override = coalesce(p_webhook_url_override, n.webhook_url_override),
             updated_at = syncline.now()
       where n.integration_id = v_integration and n.connection_id = p_connection and n.deleted_at is null
      returning n.id into id;
      perform syncline.write_audit(p_environment, 'connection.credentials_replaced', 'connection', n.id::text, p_integration || '/' || p_connection)
         from syncline.connections n where n.id = import_connection.id;
    end if;
    exit when id is not null; -- else it was deleted in between
  end loop;
  select k.wrapped, k.master_key_id into wrapped, master_key_id from syncline.data_keys k where k.connection_id = import_connection.id;
  return next;
end $$;
comment on function syncline.import_connection(int, text, text, text, jsonb, jsonb, jsonb, jsonb, jsonb, text, bytea, text) is 'Make a connection, or override the one of this name (null: keep what it has). Then set_credentials, sealed with the data key returned, in the same transaction, and welcome_connection in it or once it is validated.';

create or replace function syncline.set_credentials(
  p_connection int, p_sealed bytea, p_expire_at timestamptz, p_margin interval default null) returns void
language plpgsql volatile as $$
begin
  update syncline.connections n
     set credentials_sealed = p_sealed, credentials_expire_at = p_expire_at, updated_at = syncline.now()
   where n.id = p_connection and n.deleted_at is null;
  if not found then
    return;
  end if;
  insert into syncline.connection_auth as a (connection_id, version, issued_at, renew_at, due_at)
  values (p_connection, 1, syncline.now(), syncline.renewal_time(p_expire_at, p_margin), syncline.next_auth_check())
      on conflict (connection_id) do update
     -- A renewal of the old ones that is under way must not be stored over these: its token is older.
     set version = a.version + 1, issued_at = excluded.issued_at, renew_at = excluded.renew_at, due_at = excluded.due_at,
         lease_token = a.lease_token + 1, stored_token = a.lease_token + 1, lease_until = null, lease_holder = null,
         checked_at = null, failed_at = null, failing_days = 0, exhausted_at = null, error = null, error_log_id = null;
end $$;
comment on function syncline.set_credentials(int, bytea, timestamptz, interval) is 'Keep new sealed credentials of a connection and when they end (null: never); failures of the old ones are forgotten. They are renewed so long before their end; null: never.';

create or replace function syncline.find_connection(p_environment int, p_integration text, p_connection text)
returns table (id int, integration_id int, provider text)
language sql stable
begin atomic
  select n.id, i.id, i.provider
    from syncline.integrations i
    join syncline.connections n on n.integration_id = i.id
   where i.environment_id = p_environment and i.unique_key = p_integration and i.deleted_at is null
     and n.connection_id = p_connection and n.deleted_at is null;
end;
comment on function syncline.find_connection(int, text, text) is 'The id of a connection by its names; no row when there is none.';

create or replace function syncline.is_installation_of_others(p_integration int, p_installation text, p_tags jsonb) returns boolean
language sql stable
return exists (
  select from syncline.find_lookup_connections(
           p_integration, jsonb_build_array(jsonb_build_object('by', 'config.installation_id', 'value', p_installation))) l
    join syncline.connections n on n.id = l.connection_id
   where not coalesce(
     n.tags ->> 'end_user_id' = p_tags ->> 'end_user_id' or n.tags ->> 'organization_id' = p_tags ->> 'organization_id', false)
);
comment on function syncline.is_installation_of_others(int, text, jsonb) is 'Whether an app''s installation is connected for somebody else than these tags name: neither the end user''s id nor the organization''s is the same.';

create or replace function syncline.list_connections(
  p_environment int, p_connection text, p_search text, p_end_user text, p_organization text, p_integrations text[], p_tags jsonb,
  p_limit int, p_page int)
returns table (
  id int, connection_id text, provider_config_key text, provider text, errors jsonb, end_user jsonb, tags jsonb, metadata jsonb,
  created timestamptz)
language sql stable
begin atomic
  select n.id, n.connection_id, i.unique_key, i.provider, syncline.describe_connection_errors(n.id), n.end_user, n.tags, n.metadata,
         n.created_at
    from syncline.connections n
    join syncline.integrations i on i.id = n.integration_id
   where n.environment_id = p_environment and n.deleted_at is null
     and (p_connection is null or n.connection_id = p_connection)
     and (p_integrations is null or i.unique_key = any (p_integrations))
     and (p_tags is null or n.tags @> p_tags)
     and (p_end_user is null or p_end_user in (n.end_user ->> 'id', n.tags ->> 'end_user_id'))
     and (p_organization is null or p_organization in (n.end_user #>> '{organization,id}', n.tags ->> 'organization_id'))
     and (p_search is null or position(lower(p_search) in lower(concat_ws(e'\n', n.connection_id,
           n.end_user ->> 'display_name', n.end_user ->> 'email',
           n.tags ->> 'end_user_display_name', n.tags ->> 'end_user_email'))) > 0)
   order by n.created_at desc, n.id desc
   limit p_limit offset p_limit::bigint * p_page;
end;
comment on function syncline.list_connections(int, text, text, text, text, text[], jsonb, int, int) is 'Connections of an environment, the newest first; null filters match all, given ones must all match. Pages count from 0.';

create or replace function syncline.get_connection(p_environment int, p_integration text, p_connection text)
returns table (
  id int, connection_id text, provider_config_key text, provider text, errors jsonb, end_user jsonb, tags jsonb, metadata jsonb,
  connection_config jsonb, webhook_url_override text, created_at timestamptz, updated_at timestamptz, last_fetched_at timestamptz,
  auth_mode text, credentials_sealed bytea, credentials_expire_at timestamptz, renew_in_ms bigint, ends_in_ms bigint, auth_version int)
language sql volatile
begin atomic
  with found as (
    update syncline.connections n
       set last_fetched_at = syncline.now()
      from syncline.integrations i
     where i.environment_id = p_environment and i.unique_key = p_integration and i.deleted_at is null
       and n.integration_id = i.id and n.connection_id = p_connection and n.deleted_at is null
    returning n.*, i.unique_key, i.provider
  )
  select f.id, f.connection_id, f.unique_key, f.provider, syncline.describe_connection_errors(f.id), f.end_user, f.tags, f.metadata,
         f.connection_config, f.webhook_url_override, f.created_at, f.updated_at, f.last_fetched_at,
         f.auth_mode, f.credentials_sealed, f.credentials_expire_at,
         (select syncline.milliseconds_until(a.renew_at) from syncline.connection_auth a where a.connection_id = f.id and a.renew_at is not null),
         case when f.credentials_expire_at is not null then syncline.milliseconds_until(f.credentials_expire_at) end,
         coalesce((select a.version from syncline.connection_auth a where a.connection_id = f.id), 0)
    from found f;
end;
comment on function syncline.get_connection(int, text, text) is 'A connection with its sealed credentials, noting that it was fetched; no row when there is none.';

create or replace function syncline.patch_connection(
  p_environment int, p_integration text, p_connection text, p_tags jsonb, p_generated_tags jsonb, p_end_user jsonb,
  p_webhook_url_override text) returns void
language plpgsql volatile as $$
declare
  v_id int := syncline.resolve_connection(p_environment, p_integration, p_connection);
begin
  update syncline.connections n
     set tags = case
           when p_tags is not null then coalesce(p_generated_tags, '{}') || p_tags
           else n.tags || coalesce(p_generated_tags, '{}') end,
         end_user = coalesce(p_end_user, n.end_user),
         webhook_url_override = nullif(coalesce(p_webhook_url_override, n.webhook_url_override), ''),
         updated_at = syncline.now()
   where n.id = v_id;
end $$;
comment on function syncline.patch_connection(int, text, text, jsonb, jsonb, jsonb, text) is 'Change tags (the whole map), end user or webhook URL of a connection; null means as it was, an empty URL none.';

create or replace function syncline.lock_connections(p_environment int, p_integration text, p_connections text[]) returns int[]
language plpgsql volatile as $$
declare
  v_ids int[];
  v_missing text;
begin
  v_ids := array(
    select n.id
      from syncline.connections n
      join syncline.integrations i on i.id = n.integration_id
     where i.environment_id = p_environment and i.unique_key = p_integration and i.deleted_at is null
       and n.connection_id = any (p_connections) and n.deleted_at is null
     order by n.id
       for no key update of n);
  select string_agg(distinct w.name, ', ') into v_missing
    from unnest(p_connections) as w (name)
   where not exists (select from syncline.connections n where n.id = any (v_ids) and n.connection_id = w.name);
  if v_missing is not null then
    raise exception using errcode = 'SL002', message = 'no such connection', detail = format('of integration "%s": %s', p_integration, v_missing),
      hint = 'Nothing was changed.';
  end if;
  return v_ids;
end $$;
comment on function syncline.lock_connections(int, text, text[]) is 'The ids of connections of one integration, their rows locked. SL002 "no such connection" when one is missing.';

create or replace function syncline.set_metadata(p_environment int, p_integration text, p_connections text[], p_metadata jsonb) returns void
language sql volatile
begin atomic
  update syncline.connections n
     set metadata = p_metadata, updated_at = syncline.now()
    from unnest(syncline.lock_connections(p_environment, p_integration, p_connections)) as l (id)
   where n.id = l.id;
end;
comment on function syncline.set_metadata(int, text, text[], jsonb) is 'Replace the metadata of connections: of all named, or with SL002 of none.';

create or replace function syncline.update_metadata(p_environment int, p_integration text, p_connections text[], p_metadata jsonb) returns void
language sql volatile
begin atomic
  update syncline.connections n
     set metadata = n.metadata || p_metadata, updated_at = syncline.now()
    from unnest(syncline.lock_connections(p_environment, p_integration, p_connections)) as l (id)
   where n.id = l.id;
end;
comment on function syncline.update_metadata(int, text, text[], jsonb) is 'Merge fields into the metadata of connections, at the top level: of all named, or with SL002 of none.';

create or replace function syncline.lock_connection(p_connection int) returns boolean
language plpgsql volatile as $$
begin
  perform from syncline.connections n where n.id = p_connection and n.deleted_at is null for no key update;
  return found;
end $$;
comment on function syncline.lock_connection(int) is 'Lock a connection until commit; false when it is deleted, by whom we waited for perhaps.';

create or replace function syncline.discard_connection(p_connection int) returns void
language plpgsql volatile as $$
begin
  if not syncline.lock_connection(p_connection) then
    return;
  end if;
  perform syncline.cancel_direct_runs(p_connection);
  perform syncline.delete_sync(s.id)
     from (select t.id from syncline.syncs t where t.connection_id = p_connection and t.deleted_at is null order by t.id) s;
  perform syncline.retire_streams(p_connection, null, null);
  update syncline.connections n
     set deleted_at = syncline.now(), credentials_sealed = null, credentials_expire_at = null
   where n.id = p_connection;
  delete from syncline.data_keys k where k.connection_id = p_connection;
  delete from syncline.connection_auth a where a.connection_id = p_connection;
end $$;
comment on function syncline.discard_connection(int) is 'Delete a connection that the app was not told about: runs cancelled, syncs and records gone, credentials and data key shredded.';

create or replace function syncline.retire_connection(p_connection int) returns void
language plpgsql volatile as $$
begin
  if syncline.lock_connection(p_connection) then
    perform syncline.announce_connection(p_connection, 'deletion');
    perform syncline.discard_connection(p_connection);
  end if;
end $$;
comment on function syncline.retire_connection(int) is 'Delete a connection and tell the app.';

create or replace function syncline.delete_connection(p_environment int, p_integration text, p_connection text) returns void
language sql volatile
return syncline.retire_connection(syncline.resolve_connection(p_environment, p_integration, p_connection));
comment on function syncline.delete_connection(int, text, text) is 'Delete a connection by its names. SL002 when there is none.';

create or replace function syncline.delete_integration(p_environment int, p_unique_key text) returns void
language plpgsql volatile as $$
declare
  v_id int := syncline.resolve_integration(p_environment, p_unique_key);
begin
  -- First: whoever handles its webhooks holds it, and then wants the syncs that are deleted here.
  perform from syncline.integrations i where i.id = v_id for no key update;
  perform syncline.retire_connection(n.id)
     from (select t.id from syncline.connections t where t.integration_id = v_id and t.deleted_at is null order by t.id) n;
  update syncline.functions set is_active = false where integration_id = v_id and is_active;
  perform syncline.announce_models(p_environment);
  update syncline.integrations
     set deleted_at = syncline.now(), credentials_sealed = null, webhook_secret_sealed = null, config_sealed = null, config = '{}'
   where id = v_id;
end $$;
comment on function syncline.delete_integration(int, text) is 'Delete an integration with its connections, their records and its functions. SL002 when there is none.';
