-- 91_sync_views.sql: syncs, runs and streams as an operator looks at them.
-- Promise: names first, ids last; what a view shows is what its caller may read of the tables. 10,000 syncs and a million runs
-- are no reason to wait: whatever is counted is found by an index, and columns that are not asked for cost nothing.
create or replace view syncline.sync_overview with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       s.name as sync,
       s.variant,
       case
         when r.state = 'running' and r.lease_ends_at < syncline.now() then 'stuck'
         when r.state = 'running' then 'running'
         when r.state = 'ready' then 'queued'
         when s.state = 'paused' then 'paused'
         when s.stalled_at is not null then 'stalled'
         when s.consecutive_failures > 0 then 'failing'
         when s.next_run_at <= syncline.now() then 'due'
         when s.next_run_at is null then 'stuck'
         else 'ok'
       end as status,
       syncline.format_frequency(s.frequency) as every,
       s.next_run_at,
       s.last_success_at,
       l.finished_at as last_run_ended_at,
       s.consecutive_failures as failures,
       l.error ->> 'message' as last_error,
       (select coalesce(sum(t.records), 0)::bigint
          from syncline.functions f
         cross join unnest(f.models) as m (model)
          join syncline.streams t on t.connection_id = s.connection_id and t.model = m.model and t.variant = s.variant and t.retired_at is null
         where f.id = s.function_id) as records,
       s.id as sync_id,
       s.uid as sync_uid,
       r.id as live_run_id,
       s.last_run_id,
       s.function_id,
       s.connection_id,
       n.integration_id,
       s.environment_id
  from syncline.syncs s
  join syncline.connections n on n.id = s.connection_id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = s.environment_id
  left join syncline.runs r on r.sync_id = s.id and r.state in ('ready', 'running') and r.kind = 'sync'
  left join lateral (select x.finished_at, x.error from syncline.runs x where x.id = s.last_run_id limit 1) l on true
 where s.deleted_at is null;
comment on view syncline.sync_overview is 'One row per sync: how it is doing, when it runs next, what its last run said. Example: select * from syncline.sync_overview where status in (''failing'', ''stalled'', ''stuck'');  then: select * from syncline.why_waiting(sync_id);';
comment on column syncline.sync_overview.sync is 'Name of the sync.';
comment on column syncline.sync_overview.variant is 'Variant; base unless another was created.';
comment on column syncline.sync_overview.status is 'running; queued: its run is ready; stuck: the lease of its run is over, or it has neither run nor tick; paused; stalled: its time slices ended without progress; failing: its last run failed; due; ok.';
comment on column syncline.sync_overview.every is 'Frequency in its short form.';
comment on column syncline.sync_overview.next_run_at is 'Next tick; null while a run is live or it is paused.';
comment on column syncline.sync_overview.last_success_at is 'When its last successful run began.';
comment on column syncline.sync_overview.last_run_ended_at is 'When its last run ended, however.';
comment on column syncline.sync_overview.failures is 'How many runs in a row have failed.';
comment on column syncline.sync_overview.last_error is 'What its last run failed with; null when it did not.';
comment on column syncline.sync_overview.records is 'Live records of its models.';
comment on column syncline.sync_overview.sync_id is 'For why_waiting, trigger_one, pause_one, start_one, reset_sync, set_frequency_one.';
comment on column syncline.sync_overview.sync_uid is 'Id of the sync in the API.';
comment on column syncline.sync_overview.live_run_id is 'Its run that is ready or running: for cancel_run, requeue_run.';
comment on column syncline.sync_overview.last_run_id is 'Its last run that ended: for requeue_run.';
comment on column syncline.sync_overview.function_id is 'Version of the function that its next run uses.';
comment on column syncline.sync_overview.connection_id is 'Id of the connection''s row: for lift_rate_limits.';

create or replace view syncline.run_overview with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       coalesce(s.name, f.name) as function,
       coalesce(s.variant, 'base') as variant,
       r.kind,
       r.origin,
       r.state,
       r.due_at,
       r.started_at,
       r.finished_at,
       date_trunc('milliseconds', coalesce(r.finished_at, syncline.now()) - r.started_at) as took,
       r.attempt,
       r.worker,
       r.lease_ends_at,
       r.error ->> 'type' as error_type,
       r.error ->> 'message' as error,
       (select sum(x.added) from syncline.run_streams x where x.run_id = r.id)::bigint as added,
       (select sum(x.updated) from syncline.run_streams x where x.run_id = r.id)::bigint as updated,
       (select sum(x.deleted) from syncline.run_streams x where x.run_id = r.id)::bigint as deleted,
       (select sum(x.unchanged) from syncline.run_streams x where x.run_id = r.id)::bigint as unchanged,
       r.id as run_id,
       r.sync_id,
       r.function_id,
       r.connection_id,
       n.integration_id,
       r.environment_id
  from syncline.runs r
  join syncline.connections n on n.id = r.connection_id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = r.environment_id
  left join syncline.syncs s on s.id = r.sync_id
  left join syncline.functions f on f.id = r.function_id;
comment on view syncline.run_overview is 'One row per run, kept for settings.run_retention. Quick by run_id, sync_id, connection_id, or for the newest. Example: select * from syncline.run_overview order by run_id desc limit 20;  of one sync: … where sync_id = 17 order by run_id desc limit 20;';
comment on column syncline.run_overview.function is 'Name of the sync, action or event function.';
comment on column syncline.run_overview.variant is 'Variant of the sync; base for all else.';
comment on column syncline.run_overview.kind is 'sync, webhook, action or on-event.';
comment on column syncline.run_overview.origin is 'Why it was made: schedule, trigger, start, continuation, webhook, api or event.';
comment on column syncline.run_overview.state is 'ready, running, succeeded, failed, interrupted (its time slice was over; another went on) or cancelled.';
comment on column syncline.run_overview.due_at is 'From when on a worker may take it.';
comment on column syncline.run_overview.started_at is 'When its first attempt began.';
comment on column syncline.run_overview.finished_at is 'When it ended.';
comment on column syncline.run_overview.took is 'From start to end, or until now.';
comment on column syncline.run_overview.attempt is 'How often a worker has taken it.';
comment on column syncline.run_overview.worker is 'Who works on it now.';
comment on column syncline.run_overview.lease_ends_at is 'Until when it is that worker''s; renewed every quarter of settings.lease.';
comment on column syncline.run_overview.error_type is 'Kind of failure.';
comment on column syncline.run_overview.error is 'What it failed with.';
comment on column syncline.run_overview.added is 'Records it added; null when it opened no model.';
comment on column syncline.run_overview.updated is 'Records it changed.';
comment on column syncline.run_overview.deleted is 'Records it marked as deleted.';
comment on column syncline.run_overview.unchanged is 'Records it saved that were as they had been.';
comment on column syncline.run_overview.run_id is 'For cancel_run, requeue_run, undo_run.';
comment on column syncline.run_overview.sync_id is 'For why_waiting; null for actions and event functions.';

create or replace view syncline.stream_overview with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       t.model,
       t.variant,
       t.records,
       t.last_change_at,
       t.pending_added + t.pending_updated + t.pending_deleted as unannounced,
       w.state as refresh,
       p.missing,
       p.live,
       p.id as parked_refresh_id,
       t.head,
       t.pruned_pos as pruned_until,
       t.id as stream_id,
       t.connection_id,
       n.integration_id,
       t.environment_id
  from syncline.streams t
  join syncline.connections n on n.id = t.connection_id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = t.environment_id
  left join syncline.refreshes p on p.stream_id = t.id and p.state = 'needs_approval'
  left join syncline.refreshes w on w.stream_id = t.id and w.state in ('open', 'deleting')
 where t.retired_at is null;
comment on view syncline.stream_overview is 'One row per connection, model and variant: how many records there are, and deletes that wait for approval. Example: select * from syncline.stream_overview where parked_refresh_id is not null;  then: select syncline.approve_deletes(parked_refresh_id);';
comment on column syncline.stream_overview.model is 'Model.';
comment on column syncline.stream_overview.variant is 'Variant of the sync that writes it.';
comment on column syncline.stream_overview.records is 'Records that are not deleted.';
comment on column syncline.stream_overview.last_change_at is 'When something last changed.';
comment on column syncline.stream_overview.unannounced is 'Changes that no webhook has told yet: those of a run that goes on or failed.';
comment on column syncline.stream_overview.refresh is 'open: a full refresh tracks what it sees; deleting: it deletes what it did not; else null.';
comment on column syncline.stream_overview.missing is 'Records that the parked refresh would delete.';
comment on column syncline.stream_overview.live is 'Records there were when it was parked.';
comment on column syncline.stream_overview.parked_refresh_id is 'Refresh that stopped at the brake: for approve_deletes, discard_deletes.';
comment on column syncline.stream_overview.head is 'Position of the latest change.';
comment on column syncline.stream_overview.pruned_until is 'Position up to which payloads were forgotten.';
comment on column syncline.stream_overview.stream_id is 'For prune.';
