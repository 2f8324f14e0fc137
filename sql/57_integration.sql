-- 57_integration.sql: providers as set up in an environment.
-- Promise: whoever names an integration or a connection names its environment too; nothing is found across environments.
create or replace function syncline.create_integration(
  p_environment int, p_unique_key text, p_provider text, p_display_name text, p_forward_webhooks boolean,
  p_credentials_sealed bytea, p_custom jsonb, p_webhook_secret_sealed bytea default null, p_config_sealed bytea default null) returns int
language plpgsql volatile as $$
declare
  v_id int;
begin
  insert into syncline.integrations (environment_id, unique_key, provider, display_name, forward_webhooks, credentials_sealed, custom, webhook_secret_sealed, config_sealed)
  values (p_environment, p_unique_key, p_provider, p_display_name, p_forward_webhooks, p_credentials_sealed, p_custom, p_webhook_secret_sealed, p_config_sealed)
      on conflict do nothing
  returning id into v_id;
  if v_id is null then
    raise exception using errcode = 'SL005', message = 'integration exists',
      detail = format('integration "%s"', p_unique_key), hint = 'Choose another unique key, or change the integration that has it.';
  end if;
  return v_id;
end $$;
comment on function syncline.create_integration(int, text, text, text, boolean, bytea, jsonb, bytea, bytea) is 'Set a provider up in an environment under a unique key. SL005 when the key is taken.';

create or replace function syncline.list_integrations(p_environment int)
returns table (
  id int, unique_key text, provider text, display_name text, forward_webhooks boolean, created_at timestamptz, updated_at timestamptz)
language sql stable
begin atomic
  select i.id, i.unique_key, i.provider, i.display_name, i.forward_webhooks, i.created_at, i.updated_at
    from syncline.integrations i
   where i.environment_id = p_environment and i.deleted_at is null
   order by i.unique_key;
end;
comment on function syncline.list_integrations(int) is 'The integrations of an environment.';

create or replace function syncline.get_integration(p_environment int, p_unique_key text)
returns table (
  id int, unique_key text, provider text, display_name text, forward_webhooks boolean, created_at timestamptz, updated_at timestamptz,
  credentials_sealed bytea, config jsonb, custom jsonb, webhook_secret_sealed bytea, environment_uid uuid, config_sealed bytea)
language sql stable
begin atomic
  select i.id, i.unique_key, i.provider, i.display_name, i.forward_webhooks, i.created_at, i.updated_at,
         i.credentials_sealed, i.config, i.custom, i.webhook_secret_sealed, e.uid, i.config_sealed
    from syncline.integrations i
    join syncline.environments e on e.id = i.environment_id
   where i.environment_id = p_environment and i.unique_key = p_unique_key and i.deleted_at is null;
end;
comment on function syncline.get_integration(int, text) is 'One integration with what is sealed of it; no row when there is none of the key.';

create or replace function syncline.resolve_integration(p_environment int, p_unique_key text) returns int
language plpgsql stable as $$
declare
  v_id int;
begin
  select i.id into v_id from syncline.integrations i
   where i.environment_id = p_environment and i.unique_key = p_unique_key and i.deleted_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such integration', detail = format('integration "%s"', p_unique_key),
      hint = 'select unique_key from syncline.list_integrations(<environment>);';
  end if;
  return v_id;
end $$;
comment on function syncline.resolve_integration(int, text) is 'The id of an integration. SL002 "no such integration".';

create or replace function syncline.resolve_connection(p_environment int, p_unique_key text, p_connection text) returns int
language plpgsql stable as $$
declare
  v_id int;
begin
  select n.id into v_id from syncline.connections n
   where n.integration_id = syncline.resolve_integration(p_environment, p_unique_key)
     and n.connection_id = p_connection and n.deleted_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such connection',
      detail = format('connection "%s" of integration "%s"', p_connection, p_unique_key),
      hint = 'Check both the connection id and the integration''s unique key.';
  end if;
  return v_id;
end $$;
comment on function syncline.resolve_connection(int, text, text) is 'The id of a connection. SL002 "no such integration" or "no such connection".';

create or replace function syncline.update_integration(
  p_environment int, p_unique_key text, p_new_key text, p_display_name text, p_forward_webhooks boolean,
  p_credentials_sealed bytea, p_custom jsonb, p_webhook_secret_sealed bytea default null, p_config_sealed bytea default null) returns void
language plpgsql volatile as $$
declare
  v_id int := syncline.resolve_integration(p_environment, p_unique_key);
begin
  if p_new_key <> p_unique_key then
    -- Credentials of connections are sealed for a place that the key is part of, and apps name connections by it.
    if exists (select from syncline.connections n where n.integration_id = v_id and n.deleted_at is null) then
      raise exception using errcode = 'SL005', message = 'integration has connections', detail = format('integration "%s"', p_unique_key),
        hint = 'An integration can be renamed as long as nothing is connected by it.';
    elsif exists (select from syncline.get_integration(p_environment, p_new_key)) then
      raise exception using errcode = 'SL005', message = 'integration exists', detail = format('integration "%s"', p_new_key);
    end if;
  end if;
  update syncline.integrations i
     set unique_key = coalesce(p_new_key, i.unique_key),
         display_name = coalesce(p_display_name, i.display_name),
         forward_webhooks = coalesce(p_forward_webhooks, i.forward_webhooks),
         credentials_sealed = coalesce(p_credentials_sealed, i.credentials_sealed),
         config = case when p_config_sealed is null then i.config else '{}' end,
         config_sealed = coalesce(p_config_sealed, i.config_sealed),
         custom = coalesce(p_custom, i.custom),
         webhook_secret_sealed = nullif(coalesce(p_webhook_secret_sealed, i.webhook_secret_sealed), ''),
         updated_at = syncline.now()
   where i.id = v_id;
end $$;
comment on function syncline.update_integration(int, text, text, text, boolean, bytea, jsonb, bytea, bytea) is 'Change an integration; null means as it was, an empty webhook secret none. SL005 when it is to be renamed but has connections or the new key is taken.';

create or replace function syncline.list_clear_webhook_secrets() returns table (id int, environment_id int, unique_key text, secret text)
language sql stable
begin atomic
  select i.id, i.environment_id, i.unique_key, i.custom ->> 'webhookSecret'
    from syncline.integrations i
   where i.custom ? 'webhookSecret' and i.deleted_at is null;
end;
comment on function syncline.list_clear_webhook_secrets() is 'Integrations whose webhook secret rests in clear, as older versions wrote it.';

create or replace function syncline.move_webhook_secret(p_integration int, p_secret text, p_sealed bytea) returns void
language sql volatile
begin atomic
  update syncline.integrations i
     set custom = i.custom - 'webhookSecret', webhook_secret_sealed = coalesce(i.webhook_secret_sealed, p_sealed)
   where i.id = p_integration and i.custom ->> 'webhookSecret' = p_secret and i.deleted_at is null;
end;
comment on function syncline.move_webhook_secret(int, text, bytea) is 'Put a sealed webhook secret in the place of this one in clear.';

create or replace function syncline.list_clear_integration_configs() returns table (id int, environment_id int, unique_key text, config jsonb)
language sql stable
begin atomic
  select i.id, i.environment_id, i.unique_key, i.config
    from syncline.integrations i
   where i.config <> '{}' and i.deleted_at is null;
end;
comment on function syncline.list_clear_integration_configs() is 'Integrations whose settings rest in clear, as older versions wrote them.';

create or replace function syncline.move_integration_config(p_integration int, p_unique_key text, p_config jsonb, p_sealed bytea) returns void
language sql volatile
begin atomic
  update syncline.integrations i
     set config = '{}', config_sealed = p_sealed
   where i.id = p_integration and i.unique_key = p_unique_key and i.config = p_config and i.deleted_at is null;
end;
comment on function syncline.move_integration_config(int, text, jsonb, bytea) is 'Put sealed settings in the place of these in clear, if the integration still has the key that they are sealed for.';
