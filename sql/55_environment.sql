-- 55_environment.sql: environments, where their webhooks go and how their records are checked.
-- Promise: an environment that exists is never overwritten by a start.
create or replace function syncline.ensure_environment(p_name text, p_wrapped bytea, p_master_key_id text)
returns table (id int, is_new boolean)
language plpgsql volatile as $$
declare
  v_id int;
begin
  -- The signing key is sealed for the id that this insert hands out, so set_signing_key fills it in the same transaction.
  insert into syncline.environments as e (name, signing_key_sealed) values (p_name, '')
      on conflict (name) where deleted_at is null do nothing
  returning e.id into v_id;
  if v_id is null then
    return query select e.id, false from syncline.environments e where e.name = p_name and e.deleted_at is null;
    return;
  end if;
  insert into syncline.data_keys (environment_id, wrapped, master_key_id) values (v_id, p_wrapped, p_master_key_id);
  return query select v_id, true;
end $$;
comment on function syncline.ensure_environment(text, bytea, text) is 'The id of an environment, made with this data key when there is none of the name; then set_signing_key must follow in the same transaction.';

create or replace function syncline.set_signing_key(p_environment int, p_sealed bytea) returns void
language sql volatile
begin atomic
  update syncline.environments set signing_key_sealed = p_sealed where id = p_environment;
end;
comment on function syncline.set_signing_key(int, bytea) is 'Keep the sealed key that signs the environment''s webhooks.';

create or replace function syncline.get_signing_key(p_environment int) returns bytea
language sql stable
return (select e.signing_key_sealed from syncline.environments e where e.id = p_environment);
comment on function syncline.get_signing_key(int) is 'The sealed key that signs the environment''s webhooks.';

create or replace function syncline.list_environments()
returns table (id int, uid uuid, name text, created_at timestamptz)
language sql stable
begin atomic
  select e.id, e.uid, e.name, e.created_at from syncline.environments e where e.deleted_at is null order by e.id;
end;
comment on function syncline.list_environments() is 'The environments there are.';

create or replace function syncline.environment_id(p_name text) returns int
language plpgsql stable as $$
declare
  v_id int;
begin
  select e.id into v_id from syncline.environments e where e.name = p_name and e.deleted_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such environment', detail = format('environment "%s"', p_name),
      hint = (select coalesce('There are: ' || string_agg(e.name, ', ' order by e.id), 'There is none yet.')
                from syncline.environments e where e.deleted_at is null);
  end if;
  return v_id;
end $$;
comment on function syncline.environment_id(text) is 'The id of an environment by its name, which other functions take. SL002 with the names there are when it is none of them. Example: select syncline.environment_id(''prod'') as env \gset';

create or replace function syncline.get_webhook_settings(p_environment int)
returns table (
  primary_url text, secondary_url text, on_auth_creation boolean, on_auth_refresh_error boolean, on_sync_error boolean,
  on_sync_completion_always boolean, on_async_action_completion boolean, on_connection_deletion boolean)
language sql stable
begin atomic
  select e.webhook_url_primary, e.webhook_url_secondary, e.on_auth_creation, e.on_auth_refresh_error, e.on_sync_error,
         e.on_sync_completion_always, e.on_async_action_completion, e.on_connection_deletion
    from syncline.environments e
   where e.id = p_environment;
end;
comment on function syncline.get_webhook_settings(int) is 'Where an environment''s webhooks go and which are sent.';

create or replace function syncline.update_webhook_settings(p_environment int, p_changes jsonb) returns void
language sql volatile
begin atomic
  update syncline.environments e
     set webhook_url_primary = case when p_changes ? 'primary_url' then nullif(p_changes ->> 'primary_url', '') else e.webhook_url_primary end,
         webhook_url_secondary = case when p_changes ? 'secondary_url' then nullif(p_changes ->> 'secondary_url', '') else e.webhook_url_secondary end,
         on_auth_creation = coalesce((p_changes ->> 'on_auth_creation')::boolean, e.on_auth_creation),
         on_auth_refresh_error = coalesce((p_changes ->> 'on_auth_refresh_error')::boolean, e.on_auth_refresh_error),
         on_sync_error = coalesce((p_changes ->> 'on_sync_error')::boolean, e.on_sync_error),
         on_sync_completion_always = coalesce((p_changes ->> 'on_sync_completion_always')::boolean, e.on_sync_completion_always),
         on_async_action_completion = coalesce((p_changes ->> 'on_async_action_completion')::boolean, e.on_async_action_completion),
         on_connection_deletion = coalesce((p_changes ->> 'on_connection_deletion')::boolean, e.on_connection_deletion)
   where e.id = p_environment;
end;
comment on function syncline.update_webhook_settings(int, jsonb) is 'Change the webhook settings named in an object; an empty or null URL turns that destination off, what is not named stays.';

create or replace function syncline.get_connect_ui(p_environment int) returns jsonb
language sql stable
return (select e.connect_ui from syncline.environments e where e.id = p_environment);
comment on function syncline.get_connect_ui(int) is 'How the connect page looks, as far as it was set.';

create or replace function syncline.update_connect_ui(p_environment int, p_changes jsonb) returns void
language sql volatile
begin atomic
  update syncline.environments e
     set connect_ui = e.connect_ui || p_changes || jsonb_build_object(
           'theme', coalesce(e.connect_ui -> 'theme', '{}') || coalesce(p_changes -> 'theme', '{}'))
   where e.id = p_environment;
end;
comment on function syncline.update_connect_ui(int, jsonb) is 'Change how the connect page looks; what is not named stays, also a theme''s colours.';

create or replace function syncline.get_record_validation(p_environment int) returns text
language sql stable
return (select e.record_validation from syncline.environments e where e.id = p_environment);
comment on function syncline.get_record_validation(int) is 'What happens to data that does not match its schema: off, warn or enforce.';

create or replace function syncline.set_record_validation(p_environment int, p_mode text) returns void
language plpgsql volatile as $$
begin
  if p_mode is null or p_mode not in ('off', 'warn', 'enforce') then
    raise exception using errcode = 'SL004', message = format('"%s" is no way to validate records', p_mode),
      hint = 'It is off, warn or enforce.';
  end if;
  update syncline.environments set record_validation = p_mode where id = p_environment;
end $$;
comment on function syncline.set_record_validation(int, text) is 'Choose what happens to data that does not match its schema; runs that start from now on go by it. SL004 for a mode that is unknown.';
