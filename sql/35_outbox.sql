-- 35_outbox.sql: what the app must be told.
-- Promise: a webhook is a row written in the transaction that makes it true; sending it is somebody else's business (80).
-- Order: only the first pending row of a lane is sent (80), and rows get their ids under the lane's lock, so that the order of
-- ids is the order of commits. Who writes to several lanes takes them in the order of what they belong to: streams by id,
-- then models by name; syncs, connections by id.
create or replace function syncline.endpoint_of(p_environment int, p_url text) returns int
language plpgsql volatile as $$
declare
  v_id int;
begin
  loop
    select e.id into v_id from syncline.webhook_endpoints e where e.environment_id = p_environment and e.url = p_url;
    exit when found;
    insert into syncline.webhook_endpoints (environment_id, url) values (p_environment, p_url) on conflict do nothing;
  end loop;
  return v_id;
end $$;
comment on function syncline.endpoint_of(int, text) is 'The endpoint of a URL, made where there is none.';

create or replace function syncline.enqueue_webhook(
  p_environment int, p_connection int, p_run bigint, p_kind text, p_body jsonb, p_lane text default null, p_inbox bigint default null)
returns int
language plpgsql volatile as $$
declare
  v_to record;
  v_uid uuid;
  v_lane bigint;
  v_count int := 0;
begin
  for v_to in
    select u.url, p.id as endpoint_id
      from syncline.environments e
      left join syncline.connections n on n.id = p_connection
     cross join lateral (
       select n.webhook_url_override as url where n.webhook_url_override is not null
        union
       select d.url from unnest(array[e.webhook_url_primary, e.webhook_url_secondary]) as d (url)
        where n.webhook_url_override is null and d.url is not null) u
      left join syncline.webhook_endpoints p on p.environment_id = p_environment and p.url = u.url
     where e.id = p_environment
     order by u.url
  loop
    v_uid := gen_random_uuid();
    -- A sender that has just sent the lane's last row deletes it: locked, it stays until the new row is seen.
    insert into syncline.webhook_lanes as l (endpoint_id, lane, next_at)
    values (coalesce(v_to.endpoint_id, syncline.endpoint_of(p_environment, v_to.url)), coalesce(p_lane, v_uid::text), syncline.now())
        on conflict (endpoint_id, lane) do update set next_at = l.next_at
    returning l.id into v_lane;
    insert into syncline.outbox (uid, environment_id, connection_id, run_id, kind, url, body, lane, lane_id, inbox_id)
    values (v_uid, p_environment, p_connection, p_run, p_kind, v_to.url, p_body, p_lane, v_lane, p_inbox);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function syncline.enqueue_webhook(int, int, bigint, text, jsonb, text, bigint) is 'Queue a webhook for each destination: the connection''s override, else the environment''s primary and secondary URL; how many. Those of a lane (stream:7, sync:3, auth:5, forward:5) arrive in order; without one it has no order. With an inbox id the body is the envelope of that webhook of a provider, or {} to pass it on as it came.';

create or replace function syncline.webhook_time(p_at timestamptz) returns text
language sql immutable parallel safe
return to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
comment on function syncline.webhook_time(timestamptz) is 'A time as webhooks write it: ISO 8601 in UTC with milliseconds, cut off, so that "modified after" never skips a change.';

create or replace function syncline.announce_stream(
  p_stream int, p_run bigint, p_body jsonb, p_always boolean, p_since timestamptz) returns int
language plpgsql volatile as $$
declare
  v_stream syncline.streams;
begin
  select s.* into v_stream from syncline.streams s where s.id = p_stream for no key update;
  if v_stream.pending_since is null and not p_always then
    return 0;
  end if;
  update syncline.streams
     set pending_added = 0, pending_updated = 0, pending_deleted = 0, pending_since = null
   where id = p_stream and pending_since is not null;
  return syncline.enqueue_webhook(v_stream.environment_id, v_stream.connection_id, p_run, 'sync', p_body || jsonb_build_object(
    'model', v_stream.model,
    'modifiedAfter', syncline.webhook_time(least(p_since, v_stream.pending_since)),
    'responseResults', jsonb_build_object(
      'added', v_stream.pending_added, 'updated', v_stream.pending_updated, 'deleted', v_stream.pending_deleted)),
    'stream:' || p_stream);
end $$;
comment on function syncline.announce_stream(int, bigint, jsonb, boolean, timestamptz) is 'Queue the sync webhook of one stream with all changes not announced yet, those of earlier failed runs included; how many.';
