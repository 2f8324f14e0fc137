-- 64_target.sql: what a worker loads to work on a run: the code, and the connection it is for; the same for a request.
create or replace function syncline.find_bundle(p_function int) returns text
language sql stable
return (select f.bundle from syncline.functions f where f.id = p_function);
comment on function syncline.find_bundle(int) is 'The compiled code of a function.';

create or replace function syncline.load_connection(p_connection int)
returns table (
  id int, environment_id int, connection_id text, provider_config_key text, provider text, auth_mode text, credentials_sealed bytea,
  connection_config jsonb, metadata jsonb, tags jsonb, end_user jsonb, webhook_url_override text, created_at timestamptz, updated_at timestamptz,
  last_fetched_at timestamptz, auth_version int, renew_in_ms bigint, ends_in_ms bigint)
language sql stable
begin atomic
  select n.id, n.environment_id, n.connection_id, i.unique_key, i.provider, n.auth_mode, n.credentials_sealed,
         n.connection_config, n.metadata, n.tags, n.end_user, n.webhook_url_override, n.created_at, n.updated_at,
         n.last_fetched_at, coalesce(a.version, 0),
         case when a.renew_at is not null then syncline.milliseconds_until(a.renew_at) end,
         case when n.credentials_expire_at is not null then syncline.milliseconds_until(n.credentials_expire_at) end
    from syncline.connections n
    join syncline.integrations i on i.id = n.integration_id
    left join syncline.connection_auth a on a.connection_id = n.id
   where n.id = p_connection and n.deleted_at is null;
end;
comment on function syncline.load_connection(int) is 'A connection as a run sees it, credentials sealed, with their version, and when they are to be renewed and end (null: never); no row once it is deleted.';

create or replace function syncline.open_target(p_environment int, p_integration text, p_connection text)
returns table (
  id int, environment_id int, integration_id int, connection_id text, provider_config_key text, provider text, auth_mode text,
  credentials_sealed bytea, connection_config jsonb, metadata jsonb, tags jsonb, end_user jsonb, webhook_url_override text,
  created_at timestamptz, updated_at timestamptz, last_fetched_at timestamptz, auth_version int, renew_in_ms bigint, ends_in_ms bigint)
language sql volatile
begin atomic
  with found as (
    select n.id, n.environment_id, i.id as integration_id, n.connection_id, i.unique_key, i.provider, n.auth_mode,
           n.credentials_sealed, n.connection_config, n.metadata, n.tags, n.end_user, n.webhook_url_override, n.created_at,
           n.updated_at, n.last_fetched_at, coalesce(a.version, 0) as auth_version,
           case when a.renew_at is not null then syncline.milliseconds_until(a.renew_at) end as renew_in_ms,
           case when n.credentials_expire_at is not null then syncline.milliseconds_until(n.credentials_expire_at) end as ends_in_ms
      from syncline.integrations i
      join syncline.connections n on n.integration_id = i.id
      left join syncline.connection_auth a on a.connection_id = n.id
     where i.environment_id = p_environment and i.unique_key = p_integration and i.deleted_at is null
       and n.connection_id = p_connection and n.deleted_at is null
  ), noted as (
    -- Not each time: who asks is to know that it is in use, not when to the second, and a row version per request is dear.
    update syncline.connections n
       set last_fetched_at = syncline.now()
      from found f
     where n.id = f.id and (f.last_fetched_at is null or f.last_fetched_at < syncline.now() - interval '1 hour')
  )
  select * from found;
end;
comment on function syncline.open_target(int, text, text) is 'A connection by its names, for requests on its behalf, credentials sealed; no row when there is none. Notes at most hourly that it was fetched.';

create or replace function syncline.write_metadata(p_run bigint, p_token bigint, p_metadata jsonb, p_merge boolean) returns jsonb
language plpgsql volatile as $$
declare
  v_run syncline.runs;
  v_metadata jsonb;
begin
  -- The connection first, as when it is deleted.
  perform from syncline.connections n join syncline.runs r on r.connection_id = n.id where r.id = p_run for no key update of n;
  v_run := syncline.fence_run(p_run, p_token);
  if jsonb_typeof(p_metadata) is distinct from 'object' then
    raise exception using errcode = 'SL004', message = 'metadata must be an object';
  end if;
  update syncline.connections n
     set metadata = case when p_merge then n.metadata || p_metadata else p_metadata end, updated_at = syncline.now()
   where n.id = v_run.connection_id
  returning n.metadata into v_metadata;
  return v_metadata;
end $$;
comment on function syncline.write_metadata(bigint, bigint, jsonb, boolean) is 'A run replaces its connection''s metadata, or merges into it at the top level; the metadata as it is then.';
