-- 62_oauth_flow.sql: end users on their way to a provider and back.
-- Promise: a flow is taken once, within ten minutes and while its session lasts, by the browser that began it. Who has only the
-- state, or only the cookie, neither takes it nor spoils it for the one who has both. How it ended is told to the WebSocket that
-- waits for it and to no other; the notice is a hint, the row is what counts.
create or replace function syncline.begin_oauth_flow(
  p_environment int, p_integration int, p_session int, p_kind text, p_state_hash bytea, p_browser_hash bytea, p_ws_client_hash bytea,
  p_redirect_uri text, p_secrets_sealed bytea)
returns timestamptz
language plpgsql volatile as $$
declare
  v_expires_at timestamptz;
begin
  insert into syncline.oauth_flows (
    environment_id, integration_id, connect_session_id, kind, state_hash, browser_hash, ws_client_hash, redirect_uri, secrets_sealed,
    requested_at, expires_at)
  select p_environment, p_integration, s.id, p_kind, p_state_hash, p_browser_hash, p_ws_client_hash, p_redirect_uri, p_secrets_sealed,
         syncline.now(), least(s.expires_at, syncline.now() + interval '10 min')
    from syncline.connect_sessions s
   where s.id = p_session and s.environment_id = p_environment and s.expires_at > syncline.now()
     and exists (
       select from syncline.integrations i where i.id = p_integration and i.environment_id = p_environment and i.deleted_at is null)
  returning expires_at into v_expires_at;
  if v_expires_at is null then
    raise exception using errcode = 'SL005', message = 'the session has ended', hint = 'Make a new one.';
  end if;
  return v_expires_at;
end $$;
comment on function syncline.begin_oauth_flow(int, int, int, text, bytea, bytea, bytea, text, bytea) is 'Note that an end user leaves for a provider; until when the way back is open. SL005 when the session has ended.';

create or replace function syncline.take_oauth_flow(p_state_hash bytea, p_browser_hash bytea)
returns table (
  id int, environment_id int, unique_key text, kind text, redirect_uri text, secrets_sealed bytea, requested_at timestamptz,
  session_token_hash bytea)
language sql volatile
begin atomic
  with taken as (
    -- Whoever comes second waits for the row and finds it taken.
    update syncline.oauth_flows f
       set taken_at = syncline.now()
      from syncline.connect_sessions s, syncline.integrations i
     where f.state_hash = p_state_hash and f.browser_hash = p_browser_hash and f.taken_at is null and f.expires_at > syncline.now()
       and s.id = f.connect_session_id and i.id = f.integration_id and i.deleted_at is null
    returning f.id, f.environment_id, i.unique_key, f.kind, f.redirect_uri, f.secrets_sealed, f.requested_at, s.token_hash
  )
  select t.id, t.environment_id, t.unique_key, t.kind, t.redirect_uri, t.secrets_sealed, t.requested_at, t.token_hash from taken t;
end;
comment on function syncline.take_oauth_flow(bytea, bytea) is 'The flow of this state and this browser, once and in time; no row otherwise. Then finish_oauth_flow.';

create or replace function syncline.tell_oauth_client(p_ws_client_hash bytea, p_error_type text, p_error_desc text) returns void
language sql volatile
begin atomic
  select pg_notify('syncline_oauth_flows', json_build_object(
    'client', encode(p_ws_client_hash, 'hex'), 'type', p_error_type, 'desc', p_error_desc)::text);
end;
comment on function syncline.tell_oauth_client(bytea, text, text) is 'Tell the WebSocket of this id to look, or (with a type) of what failed before there was a flow.';

create or replace function syncline.finish_oauth_flow(
  p_id int, p_connection text, p_is_pending boolean, p_error_type text, p_error_desc text) returns void
language plpgsql volatile as $$
declare
  v_client bytea;
begin
  update syncline.oauth_flows f
     set ended_at = syncline.now(), secrets_sealed = null, connection_name = p_connection, is_pending = p_is_pending,
         error_type = left(p_error_type, 64), error_desc = left(p_error_desc, 500)
   where f.id = p_id and f.taken_at is not null and f.ended_at is null
  returning f.ws_client_hash into v_client;
  if v_client is not null then
    perform syncline.tell_oauth_client(v_client, null, null);
  end if;
end $$;
comment on function syncline.finish_oauth_flow(int, text, boolean, text, text) is 'Note how a taken flow ended: the connection made, or the type of what failed; what was sealed is gone. Nothing for one that ended.';

create or replace function syncline.find_flow_results(p_ws_client_hashes bytea[])
returns table (id int, ws_client_hash bytea, unique_key text, connection_name text, is_pending boolean, error_type text, error_desc text)
language sql stable
begin atomic
  select f.id, f.ws_client_hash, i.unique_key, f.connection_name, f.is_pending,
         case when f.ended_at is null then 'server_error' else f.error_type end,
         case when f.ended_at is null then 'The server broke off. Try again.' else f.error_desc end
    from syncline.oauth_flows f
    join syncline.integrations i on i.id = f.integration_id
   -- A process that died with a taken flow never says how it ended; an exchange takes 20 s at most, functions that validate more.
   where f.ws_client_hash = any (p_ws_client_hashes) and (f.ended_at is not null or f.taken_at < syncline.now() - interval '5 min')
   order by f.id;
end;
comment on function syncline.find_flow_results(bytea[]) is 'How the flows ended that the WebSockets of these ids wait for; no row for those that have not, unless they were taken 5 min ago and forgotten.';

create or replace function syncline.tidy_oauth_flows(p_limit int) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  delete from syncline.oauth_flows f
   where f.id in (
     select x.id from syncline.oauth_flows x where x.expires_at < syncline.now() - interval '1 day' order by x.expires_at limit p_limit);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.tidy_oauth_flows(int) is 'Delete flows that ended or were left a day ago; how many.';
