-- 35_outbox.sql: what the app must be told.
-- Promise: a webhook is a row written in the transaction that makes it true; sending it is somebody else's business (80).
create or replace function syncline.enqueue_webhook(p_environment int, p_connection int, p_run bigint, p_kind text, p_body jsonb) returns int
language plpgsql volatile as $$
declare
  v_count int;
begin
  insert into syncline.outbox (environment_id, connection_id, run_id, kind, url, body)
  select p_environment, p_connection, p_run, p_kind, u.url, p_body
    from syncline.environments e
    left join syncline.connections n on n.id = p_connection
   cross join lateral (
     select n.webhook_url_override as url where n.webhook_url_override is not null
      union
     select d.url from unnest(array[e.webhook_url_primary, e.webhook_url_secondary]) as d (url)
      where n.webhook_url_override is null and d.url is not null) u
   where e.id = p_environment;
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.enqueue_webhook(int, int, bigint, text, jsonb) is 'Queue a webhook for each destination: the connection''s override, else the environment''s primary and secondary URL; how many.';

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
      'added', v_stream.pending_added, 'updated', v_stream.pending_updated, 'deleted', v_stream.pending_deleted)));
end $$;
comment on function syncline.announce_stream(int, bigint, jsonb, boolean, timestamptz) is 'Queue the sync webhook of one stream with all changes not announced yet, those of earlier failed runs included; how many.';
