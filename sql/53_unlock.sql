-- 53_unlock.sql: a session that may open records, and one that may no longer.
-- Promise: unlock says how much the key opens or refuses it; lock_session leaves nothing of it in the session.
-- What a session exposes and what is checked: 52_open_record.sql.
create or replace function syncline.warn_of_key_leaks() returns void
language plpgsql stable as $$
begin
  if current_setting('log_parameter_max_length') <> '0'
     and (current_setting('log_statement') = 'all' or current_setting('log_min_duration_statement') = '0')
  then
    raise warning 'the key is in the server''s log: it has all statements with their parameters'
      using hint = 'Set log_parameter_max_length = 0 (as superuser) before unlock, and take the key out of the log.';
  end if;
  if not inet_client_addr() <<= any (array['127.0.0.0/8', '::1/128']::inet[])
     and not (select s.ssl from pg_stat_ssl s where s.pid = pg_backend_pid())
  then
    raise warning 'the key came over the network without TLS' using hint = 'Connect with sslmode=require, or through a tunnel.';
  end if;
end $$;
comment on function syncline.warn_of_key_leaks() is 'Warn where the key of an unlock can be read now: in the server''s log, on the network.';

create or replace function syncline.lock_session() returns int
language plpgsql volatile as $$
declare
  v_open text[] := string_to_array(nullif(current_setting('syncline.open_keys', true), ''), ',');
begin
  perform set_config('syncline.key_' || k.id, '', false) from unnest(v_open) as k (id);
  perform set_config(s.name, '', false)
     from unnest('{syncline.wrap_key,syncline.master_key_id,syncline.crypto_schema,syncline.open_keys}'::text[]) as s (name);
  return coalesce(cardinality(v_open), 0);
end $$;
comment on function syncline.lock_session() is 'Forget the key of this session and the keys of connections it opened; how many those were. Fields of records are null again.';

create or replace function syncline.unlock(p_key text)
returns table (environments int, connections int, not_opened int)
language plpgsql volatile as $$
declare
  v_schema text := (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgcrypto');
  v_master bytea;
  v_wrapped bytea;
begin
  if v_schema is null then
    raise exception using errcode = 'SL005', message = 'opening records needs the extension pgcrypto, which this database does not have',
      hint = 'create extension pgcrypto;  -- once, as the owner of the database or a superuser, in any schema';
  end if;
  begin
    v_master := decode(p_key, 'base64');
  exception when invalid_parameter_value then
    null; -- said below, without a part of the key
  end;
  if v_master is null or octet_length(v_master) <> 32 then
    raise exception using errcode = 'SL004', message = 'the key is not the base64 text of 32 bytes',
      hint = 'It is what SYNCLINE_ENCRYPTION_KEY says, or the file encryption.key in the data folder.';
  end if;
  perform syncline.lock_session(), syncline.warn_of_key_leaks();
  perform set_config('syncline.crypto_schema', v_schema, false),
          set_config('syncline.master_key_id', encode(syncline.derive_key(v_master, 'master key id', 8), 'hex'), false),
          set_config('syncline.wrap_key', encode(syncline.derive_key(v_master, 'wrap', 32), 'hex'), false);
  select k.wrapped into v_wrapped from syncline.data_keys k
   where k.master_key_id = current_setting('syncline.master_key_id') order by k.id limit 1;
  if v_wrapped is null or syncline.unwrap_key(v_wrapped, decode(current_setting('syncline.wrap_key'), 'hex')) is null then
    raise exception using errcode = 'SL004', message = 'this key opens nothing here',
      detail = format('%s data keys are wrapped by other master keys.', (select count(*) from syncline.data_keys));
  end if;
  return query
    select count(distinct k.environment_id) filter (where o.is_ours)::int,
           count(k.connection_id) filter (where o.is_ours)::int,
           count(*) filter (where not o.is_ours)::int
      from syncline.data_keys k
     cross join lateral (select k.master_key_id = current_setting('syncline.master_key_id') as is_ours) o;
end $$;
comment on function syncline.unlock(text) is 'Let this session open records with the master key (base64): of how many environments and connections, and how many data keys it does not open. As a parameter (psql 16 or newer), so that it is no part of the query''s text. Example: select * from syncline.unlock($1) \bind :key \g';
