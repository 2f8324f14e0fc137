-- 59_connect_session.sql: end users are invited to connect an integration, for half an hour.
-- Promise: a session is found by the SHA-256 of its token, until it ends, is used or is deleted, and names integrations and
-- connections of its own environment only. It makes one connection: of two that finish at the same time, one is refused.
-- Lock order: the connection, then the session.
create or replace function syncline.unknown_integrations(p_environment int, p_names text[]) returns text[]
language sql stable
return array(
  select n.name
    from unnest(p_names) as n (name)
   where not exists (
     select from syncline.integrations i where i.environment_id = p_environment and i.unique_key = n.name and i.deleted_at is null)
   order by n.name
);
comment on function syncline.unknown_integrations(int, text[]) is 'Those of the names that no integration of the environment has.';

create or replace function syncline.create_connect_session(
  p_environment int, p_token_hash bytea, p_connection int, p_allowed_integrations text[], p_end_user jsonb, p_tags jsonb,
  p_defaults jsonb, p_overrides jsonb, p_webhook_url_override text)
returns timestamptz
language sql volatile
begin atomic
  insert into syncline.connect_sessions (
    environment_id, token_hash, connection_id, allowed_integrations, end_user, tags, defaults, overrides, webhook_url_override,
    created_at, expires_at)
  values (
    p_environment, p_token_hash, p_connection, p_allowed_integrations, p_end_user, p_tags, p_defaults, p_overrides,
    p_webhook_url_override, syncline.now(), syncline.now() + interval '30 min')
  returning expires_at;
end;
comment on function syncline.create_connect_session(int, bytea, int, text[], jsonb, jsonb, jsonb, jsonb, text) is 'Make a session for a token given by its SHA-256, to renew a connection or (null) to make one; when it ends.';

create or replace function syncline.load_connect_session(p_id int)
returns table (
  id int, environment_id int, environment_uid uuid, environment text, connection_id text, allowed_integrations text[],
  end_user jsonb, tags jsonb, defaults jsonb, overrides jsonb, webhook_url_override text, expires_at timestamptz)
language sql stable
begin atomic
  select s.id, e.id, e.uid, e.name, n.connection_id, s.allowed_integrations, s.end_user, s.tags, s.defaults, s.overrides,
         s.webhook_url_override, s.expires_at
    from syncline.connect_sessions s
    join syncline.environments e on e.id = s.environment_id
    left join syncline.connections n on n.id = s.connection_id
   where s.id = p_id and s.used_at is null and e.deleted_at is null and n.deleted_at is null;
end;
comment on function syncline.load_connect_session(int) is 'A session by its id, for what was begun in its time; no row once it is used, or the connection that it renews is deleted.';

create or replace function syncline.find_connect_session(p_token_hash bytea)
returns table (
  id int, environment_id int, environment_uid uuid, environment text, connection_id text, allowed_integrations text[],
  end_user jsonb, tags jsonb, defaults jsonb, overrides jsonb, webhook_url_override text, expires_at timestamptz)
language sql stable
begin atomic
  select l.id, l.environment_id, l.environment_uid, l.environment, l.connection_id, l.allowed_integrations, l.end_user, l.tags,
         l.defaults, l.overrides, l.webhook_url_override, l.expires_at
    from syncline.connect_sessions s
   cross join lateral syncline.load_connect_session(s.id) l
   where s.token_hash = p_token_hash and s.expires_at > syncline.now();
end;
comment on function syncline.find_connect_session(bytea) is 'The session whose token has this SHA-256; no row once it has ended, by time or by use, or the connection that it renews is deleted.';

create or replace function syncline.use_connect_session(p_id int, p_connection int) returns void
language plpgsql volatile as $$
begin
  -- Whoever comes second waits here for the first one's commit, and then finds it used.
  update syncline.connect_sessions s
     set used_at = syncline.now(), made_connection_id = p_connection
   where s.id = p_id and s.used_at is null and coalesce(s.connection_id, p_connection) = p_connection;
  if not found then
    raise exception using errcode = 'SL005', message = 'session ended', detail = format('session %s', p_id),
      hint = 'Each session makes one connection.';
  end if;
end $$;
comment on function syncline.use_connect_session(int, int) is 'End a session with the connection that was made in it, in that transaction. SL005 "session ended" when another one was made before, or it was to renew another one.';

create or replace function syncline.release_connect_session(p_id int, p_connection int) returns void
language sql volatile
begin atomic
  update syncline.connect_sessions s
     set used_at = null, made_connection_id = null
   where s.id = p_id and s.made_connection_id = p_connection;
end;
comment on function syncline.release_connect_session(int, int) is 'Take the end of a session back, as its connection was refused after all.';

create or replace function syncline.delete_connect_session(p_id int) returns boolean
language plpgsql volatile as $$
begin
  delete from syncline.connect_sessions s where s.id = p_id;
  return found;
end $$;
comment on function syncline.delete_connect_session(int) is 'End a session now; false when it was gone.';

create or replace function syncline.tidy_connect_sessions(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.connect_sessions s
   where s.id in (
     select x.id from syncline.connect_sessions x where x.expires_at < syncline.now() - interval '31 days' order by x.expires_at limit p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_connect_sessions(int) is 'Delete sessions that ended 31 days ago; how many.';
