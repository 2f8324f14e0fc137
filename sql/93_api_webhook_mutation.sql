-- 93_api_webhook_mutation.sql: GraphQL's mutations of many webhooks and of endpoints: what 88_webhook_ops.sql does, for an
-- endpoint of the environment the session is set to. See 93_api_mutation.sql.
create or replace function syncline.find_endpoint(p_environment int, p_id int) returns int
language sql stable
return (select e.id from syncline.webhook_endpoints e where e.id = p_id and e.environment_id = p_environment);
comment on function syncline.find_endpoint(int, int) is 'An endpoint of an environment; null when it has none of this id.';

create or replace function syncline.own_endpoint(p_id int) returns int
language plpgsql stable as $$
begin
  if syncline.find_endpoint(syncline.current_environment(), p_id) is null then
    raise exception using errcode = 'SL002', message = 'no such endpoint', detail = p_id;
  end if;
  return p_id;
end $$;
comment on function syncline.own_endpoint(int) is 'An endpoint of the session''s environment. SL002 when it has none of this id.';

create or replace function api.replay_webhooks(
  endpoint_id int, state text default 'dead', "from" timestamptz default null, until timestamptz default null) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url text := (select e.url from syncline.webhook_endpoints e where e.id = syncline.own_endpoint(replay_webhooks.endpoint_id));
begin
  return syncline.replay_webhooks(
    syncline.current_environment(), p_from => replay_webhooks."from", p_until => replay_webhooks.until,
    p_state => coalesce(replay_webhooks.state, 'dead'), p_url => v_url);
end $$;
comment on function api.replay_webhooks(int, text, timestamptz, timestamptz) is E'@resultFieldName count\nSend an endpoint''s webhooks once more that were given up, or with the state `delivered` those that arrived; how many. The receiver sees the same ids.';

create or replace function api.pause_webhook_endpoint(endpoint_id int) returns api.webhook_endpoints
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.webhook_endpoints;
begin
  perform syncline.pause_endpoint(syncline.own_endpoint(pause_webhook_endpoint.endpoint_id));
  select e.* into v_row from api.webhook_endpoints e where e.id = pause_webhook_endpoint.endpoint_id;
  return v_row;
end $$;
comment on function api.pause_webhook_endpoint(int) is 'Send nothing more to an endpoint: what is to be sent waits.';

create or replace function api.resume_webhook_endpoint(endpoint_id int) returns api.webhook_endpoints
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.webhook_endpoints;
begin
  perform syncline.resume_endpoint(syncline.own_endpoint(resume_webhook_endpoint.endpoint_id));
  select e.* into v_row from api.webhook_endpoints e where e.id = resume_webhook_endpoint.endpoint_id;
  return v_row;
end $$;
comment on function api.resume_webhook_endpoint(int) is 'Send again to an endpoint that was paused.';

create or replace function api.probe_webhook_endpoint(endpoint_id int) returns api.webhook_endpoints
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.webhook_endpoints;
begin
  perform syncline.probe_endpoint(syncline.own_endpoint(probe_webhook_endpoint.endpoint_id));
  select e.* into v_row from api.webhook_endpoints e where e.id = probe_webhook_endpoint.endpoint_id;
  return v_row;
end $$;
comment on function api.probe_webhook_endpoint(int) is 'Try an endpoint now that rests after failures or asked for a pause; when it takes the webhook, all others follow.';
