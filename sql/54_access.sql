-- 54_access.sql: API keys of environments.
-- Promise: of a key only its SHA-256 is ever seen here; a key acts for one environment, and not once it is revoked.
-- A revoked key stays, so that a setting which still names it does not bring it back.
create or replace function syncline.add_api_key(p_environment int, p_key_hash bytea, p_display_name text) returns boolean
language plpgsql volatile as $$
declare
  v_owner int;
begin
  insert into syncline.api_keys (environment_id, key_hash, display_name) values (p_environment, p_key_hash, p_display_name)
      on conflict (key_hash) do nothing;
  if found then
    return true;
  end if;
  select k.environment_id into v_owner from syncline.api_keys k where k.key_hash = p_key_hash;
  if v_owner <> p_environment then
    raise exception using errcode = 'SL005', message = 'this API key belongs to another environment',
      detail = format('environment %s', v_owner), hint = 'Give each environment a key of its own.';
  end if;
  return false;
end $$;
comment on function syncline.add_api_key(int, bytea, text) is 'Let a key, given by its SHA-256, do everything in an environment; false when it is known already. SL005 when it acts for another.';

create or replace function syncline.create_api_key(p_environment int, p_key_hash bytea, p_display_name text, p_scopes text[])
returns table (id int, display_name text, scopes text[], created_at timestamptz)
language plpgsql volatile as $$
begin
  -- The lock makes the count below hold; a deletion of the environment waits for us, or we for it.
  perform from syncline.environments e where e.id = p_environment and e.deleted_at is null for no key update;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such environment';
  end if;
  if (select count(*) from syncline.api_keys k where k.environment_id = p_environment and k.revoked_at is null) >= 100 then
    raise exception using errcode = 'SL005', message = 'too many API keys', hint = 'An environment has at most 100. Revoke one.';
  end if;
  return query
    insert into syncline.api_keys as k (environment_id, key_hash, display_name, scopes)
    values (p_environment, p_key_hash, p_display_name, p_scopes)
    returning k.id, k.display_name, k.scopes, k.created_at;
end $$;
comment on function syncline.create_api_key(int, bytea, text, text[]) is 'Make a key, given by its SHA-256, that may do what its scopes say. SL002 without such an environment, SL005 when it has 100 keys.';

create or replace function syncline.list_api_keys(p_environment int)
returns table (id int, environment text, display_name text, scopes text[], created_at timestamptz)
language sql stable
begin atomic
  select k.id, e.name, k.display_name, k.scopes, k.created_at
    from syncline.api_keys k
    join syncline.environments e on e.id = k.environment_id
   where k.revoked_at is null and (p_environment is null or k.environment_id = p_environment)
   order by k.id;
end;
comment on function syncline.list_api_keys(int) is 'The keys of an environment, or (null) of all, that are not revoked.';

create or replace function syncline.revoke_api_key(p_environment int, p_id int) returns void
language plpgsql volatile as $$
begin
  update syncline.api_keys k
     set revoked_at = syncline.now()
   where k.id = p_id and k.revoked_at is null and (p_environment is null or k.environment_id = p_environment);
  if not found then
    raise exception using errcode = 'SL002', message = 'no such API key';
  end if;
end $$;
comment on function syncline.revoke_api_key(int, int) is 'Revoke a key of an environment, or (null) of any. SL002 when there is none of this number, or it is revoked already.';

create or replace function syncline.find_environment_by_key(p_key_hash bytea)
returns table (id int, uid uuid, name text, scopes text[], key_id int)
language sql stable
begin atomic
  select e.id, e.uid, e.name, k.scopes, k.id
    from syncline.api_keys k
    join syncline.environments e on e.id = k.environment_id
   where k.key_hash = p_key_hash and k.revoked_at is null and e.deleted_at is null;
end;
comment on function syncline.find_environment_by_key(bytea) is 'The environment for which the key with this SHA-256 acts, and what it may do; no row for an unknown or revoked one.';
