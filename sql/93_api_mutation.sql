-- 93_api_mutation.sql: GraphQL's mutations: what 62_control.sql and 85 to 88 do, for things named by their ids.
-- Promise: each runs with the owner's rights, so each looks first whether what the id names belongs to the environment the
-- session is set to, and says SL002 when not. Only the role syncline_app_writer may call them.
create or replace function syncline.own_sync(p_id uuid) returns int
language plpgsql stable as $$
declare
  v_id int;
begin
  select s.id into v_id from syncline.syncs s
   where s.uid = p_id and s.environment_id = syncline.current_environment() and s.deleted_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such sync', detail = p_id;
  end if;
  return v_id;
end $$;
comment on function syncline.own_sync(uuid) is 'The number of a sync of the session''s environment. SL002 when it has none of this id.';

create or replace function syncline.own_run(p_id bigint) returns bigint
language plpgsql stable as $$
begin
  perform syncline.check_run(syncline.current_environment(), p_id);
  return p_id;
end $$;
comment on function syncline.own_run(bigint) is 'A run of the session''s environment. SL002 when it has none of this id.';

create or replace function syncline.own_refresh(p_id bigint) returns bigint
language plpgsql stable as $$
begin
  if not exists (select from syncline.refreshes w join syncline.syncs s on s.id = w.sync_id
                  where w.id = p_id and s.environment_id = syncline.current_environment()) then
    raise exception using errcode = 'SL002', message = 'no such refresh', detail = p_id;
  end if;
  return p_id;
end $$;
comment on function syncline.own_refresh(bigint) is 'A refresh of the session''s environment. SL002 when it has none of this id.';

create or replace function api.trigger_sync(sync_id uuid, reset boolean default false, empty_cache boolean default false) returns api.runs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int := syncline.own_sync(trigger_sync.sync_id);
  v_run api.runs;
begin
  perform syncline.trigger_one(v_sync, coalesce(trigger_sync.reset, false), coalesce(trigger_sync.empty_cache, false));
  select r.* into v_run from api.runs r where r.id = syncline.live_run(v_sync);
  return v_run;
end $$;
comment on function api.trigger_sync(uuid, boolean, boolean) is 'Run a sync now, a paused one too; the run, which is the one before where that has not ended. Reset: cancel that one and start from nothing; with emptyCache also drop its records first.';

create or replace function api.start_sync(sync_id uuid) returns api.syncs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int := syncline.own_sync(start_sync.sync_id);
  v_row api.syncs;
begin
  perform syncline.start_one(v_sync);
  select s.* into v_row from api.syncs s where s.sync_row = v_sync;
  return v_row;
end $$;
comment on function api.start_sync(uuid) is 'Start a paused sync, with a run at once. Nothing happens when it is started already.';

create or replace function api.pause_sync(sync_id uuid) returns api.syncs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int := syncline.own_sync(pause_sync.sync_id);
  v_row api.syncs;
begin
  perform syncline.pause_one(v_sync);
  select s.* into v_row from api.syncs s where s.sync_row = v_sync;
  return v_row;
end $$;
comment on function api.pause_sync(uuid) is 'Pause a sync and cancel its run. A paused sync runs only when triggered.';

create or replace function api.reset_sync(sync_id uuid) returns api.syncs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int := syncline.own_sync(reset_sync.sync_id);
  v_row api.syncs;
begin
  perform syncline.reset_sync(v_sync);
  select s.* into v_row from api.syncs s where s.sync_row = v_sync;
  return v_row;
end $$;
comment on function api.reset_sync(uuid) is 'Cancel a sync''s run and make it forget how far it got: its next run starts from nothing. Its records stay.';

create or replace function api.set_frequency(sync_id uuid, frequency text default null) returns api.syncs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int := syncline.own_sync(set_frequency.sync_id);
  v_row api.syncs;
begin
  perform syncline.set_frequency_one(v_sync, set_frequency.frequency);
  select s.* into v_row from api.syncs s where s.sync_row = v_sync;
  return v_row;
end $$;
comment on function api.set_frequency(uuid, text) is 'Run a sync at a frequency of its own, such as `30m` or `every 2 hours`, or without one at its function''s again.';

create or replace function api.cancel_run(run_id bigint) returns api.runs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_run api.runs;
begin
  perform syncline.cancel_run(syncline.own_run(cancel_run.run_id));
  select r.* into v_run from api.runs r where r.id = cancel_run.run_id;
  return v_run;
end $$;
comment on function api.cancel_run(bigint) is 'End a ready or running run now: its function is stopped. Nothing happens when it had ended.';

create or replace function syncline.show_refresh(p_id bigint) returns api.refreshes
language sql stable
return (
  select row(w.id, s.environment_id, w.sync_id, w.stream_id, w.run_id, w.state, w.live, w.missing, w.deleted, w.opened_at)::api.refreshes
    from syncline.refreshes w join syncline.syncs s on s.id = w.sync_id
   where w.id = p_id
);
comment on function syncline.show_refresh(bigint) is 'A refresh as GraphQL shows it, one that has ended too.';

create or replace function api.approve_deletes(refresh_id bigint) returns api.refreshes
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform syncline.approve_deletes(syncline.own_refresh(approve_deletes.refresh_id));
  return syncline.show_refresh(approve_deletes.refresh_id);
end $$;
comment on function api.approve_deletes(bigint) is 'Delete what waits for approval. The app is told by webhook.';

create or replace function api.discard_deletes(refresh_id bigint) returns api.refreshes
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform syncline.discard_deletes(syncline.own_refresh(discard_deletes.refresh_id));
  return syncline.show_refresh(discard_deletes.refresh_id);
end $$;
comment on function api.discard_deletes(bigint) is 'Keep what waits for approval to be deleted.';

create or replace function api.replay_webhook(webhook_id bigint) returns api.webhooks
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.webhooks;
begin
  if not exists (select from syncline.outbox o where o.id = replay_webhook.webhook_id and o.environment_id = syncline.current_environment()) then
    raise exception using errcode = 'SL002', message = 'no such webhook', detail = replay_webhook.webhook_id;
  end if;
  perform syncline.replay_webhook(replay_webhook.webhook_id);
  select o.* into v_row from api.webhooks o where o.id = replay_webhook.webhook_id;
  return v_row;
end $$;
comment on function api.replay_webhook(bigint) is 'Send a webhook once more, from the first attempt on. The receiver sees the same webhook-id.';

create or replace function api.requeue_run(run_id bigint) returns api.runs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint := syncline.requeue_run(syncline.own_run(requeue_run.run_id));
  v_run api.runs;
begin
  select r.* into v_run from api.runs r where r.id = coalesce(v_id, requeue_run.run_id);
  return v_run;
end $$;
comment on function api.requeue_run(bigint) is 'Let a failed, cancelled or stuck run run again at once; the run that will do it, which is a new one when that had ended.';

create or replace function api.prune_stream(stream_id int, before timestamptz) returns api.streams
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_row api.streams;
begin
  select t.* into v_row from api.streams t
   where t.id = prune_stream.stream_id and t.environment_row = syncline.current_environment();
  if not found then
    raise exception using errcode = 'SL002', message = 'no such stream', detail = prune_stream.stream_id;
  end if;
  perform syncline.prune(v_row.id, prune_stream.before);
  return v_row;
end $$;
comment on function api.prune_stream(int, timestamptz) is 'Forget the payloads of a stream''s records that have not changed since a time. The records, their order and cursors stay.';

create or replace function api.undo_run(run_id bigint, rewind boolean default true) returns api.runs
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint;
  v_run api.runs;
begin
  select max(u.undo_run) into v_id from syncline.undo_run(syncline.own_run(undo_run.run_id), coalesce(undo_run.rewind, true)) u;
  select r.* into v_run from api.runs r where r.id = v_id;
  return v_run;
end $$;
comment on function api.undo_run(bigint, boolean) is 'Undo what a finished run of a sync changed, as far as it can be; the run that did it, whose results say how much. Pause the sync first.';
