-- 91_api_sync.sql: what GraphQL shows of syncs, what they remember and the streams they fill. See 90_api.sql.
-- What is dear is asked in a subselect of its own: Postgres asks only those whose column a query wants.
create or replace view api.syncs with (security_invoker) as
select s.uid as id, s.id as sync_row, s.environment_id as environment_row, s.connection_id as connection_row,
       s.function_id as function_row, s.last_run_id as last_run_row,
       s.name, s.variant, s.state,
       syncline.status_of_sync(s.state, s.stalled_at, (
         select r.state from syncline.runs r where r.sync_id = s.id and r.kind = 'sync' order by r.id desc limit 1)) as status,
       coalesce(s.frequency_override, (
         select f.definition ->> 'frequency' from syncline.functions f where f.id = s.function_id)) as frequency,
       case when s.state = 'started' then coalesce(s.next_run_at, syncline.next_tick(s.uid, s.frequency, syncline.now())) end as next_scheduled_sync_at,
       s.last_success_at, s.consecutive_failures, s.stalled_at, s.delete_limit_share::float8 as delete_limit_share, s.delete_limit_rows,
       (select k.value from syncline.checkpoints k
         where k.connection_id = s.connection_id and k.kind = 'sync' and k.name = s.name and k.variant = s.variant) as checkpoint,
       s.created_at
  from syncline.syncs s
 where s.deleted_at is null;
comment on view api.syncs is '
@primaryKey id|@fieldName sync
@unique sync_row|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName syncs
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName syncs
@foreignKey (function_row) references functions (id)|@fieldName function|@foreignFieldName syncs
@foreignKey (last_run_row) references runs (id)|@fieldName lastRun|@forwardDescription The last run that has ended; `runs(first: 1)` has the newest.|@backwardBehavior -connection -list -single
@order name,id
@filter name variant state
@via connection_row
A function that runs for one connection in one variant, with its schedule.';
comment on column api.syncs.id is 'Its id, as in the REST API.';
comment on column api.syncs.name is 'The name of its function.';
comment on column api.syncs.variant is 'Its variant; `base` is the one every sync has.';
comment on column api.syncs.state is E'@enum SyncState started paused\nWhether it runs by its schedule.';
comment on column api.syncs.status is E'@enum SyncStatus RUNNING PAUSED ERROR STOPPED SUCCESS\nHow it is doing, in the words of the REST API.';
comment on column api.syncs.frequency is E'@nullable\nHow often it runs: its own frequency, else its function''s.';
comment on column api.syncs.next_scheduled_sync_at is E'@nullable\nWhen it runs next; null while it is paused.';
comment on column api.syncs.last_success_at is E'@nullable\nWhen its last successful run began.';
comment on column api.syncs.consecutive_failures is 'How many runs failed since the last that did not.';
comment on column api.syncs.stalled_at is E'@nullable\nSince when its runs are cut off without getting anywhere.';
comment on column api.syncs.delete_limit_share is E'@nullable\nThe brake: a refresh that would delete more than this share of the live records waits for approval. Null: it never does.';
comment on column api.syncs.delete_limit_rows is 'The brake does not look at models with fewer live records than this.';
comment on column api.syncs.checkpoint is E'@nullable\nWhere its next run goes on.';
comment on column api.syncs.created_at is 'When it was made.';

create or replace view api.checkpoints with (security_invoker) as
select n.id as connection_row, n.environment_id as environment_row, k.run_id as run_row, k.kind, k.name, k.variant, k.value, k.updated_at
  from syncline.connections n
  join syncline.checkpoints k on k.connection_id = n.id
 where n.deleted_at is null;
comment on view api.checkpoints is '
@primaryKey connection_row,kind,name,variant|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName checkpoints
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName checkpoints
@foreignKey (run_row) references runs (id)|@fieldName run|@backwardBehavior -connection -list -single
@order connection_row,kind,name,variant
@filter name variant
@via connection_row
@behavior -totalCount
What a function saved to go on from.';
comment on column api.checkpoints.kind is E'@enum CheckpointKind sync webhook action on-event\nWhat kind of function saved it.';
comment on column api.checkpoints.name is 'The name of the function.';
comment on column api.checkpoints.variant is 'The variant of the sync.';
comment on column api.checkpoints.value is 'What was saved.';
comment on column api.checkpoints.updated_at is 'When it was saved.';

create or replace view api.streams with (security_invoker) as
select t.id, t.environment_id as environment_row, t.connection_id as connection_row, t.model, t.variant, t.records as record_count,
       t.last_change_at, t.created_at
  from syncline.streams t
 where t.retired_at is null;
comment on view api.streams is '
@primaryKey id|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName streams
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName streams
@order model,id
@filter model variant
@via connection_row
The records of one model of a connection, and their changes.';
comment on column api.streams.id is 'Its number, the first part of its cursors.';
comment on column api.streams.model is 'The model.';
comment on column api.streams.variant is 'The variant of the sync that fills it.';
comment on column api.streams.record_count is 'How many live records there are.';
comment on column api.streams.last_change_at is E'@nullable\nWhen a record of it was last added, updated or deleted.';
comment on column api.streams.created_at is 'When the first record was saved.';

create or replace view api.refreshes with (security_invoker) as
select w.id, s.environment_id as environment_row, w.sync_id as sync_row, w.stream_id as stream_row, w.run_id as run_row, w.state,
       w.live, w.missing, w.deleted, w.opened_at
  from syncline.syncs s
  join syncline.refreshes w on w.sync_id = s.id
 where s.deleted_at is null and w.ended_at is null;
comment on view api.refreshes is '
@primaryKey id|@fieldName refresh
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName refreshes
@foreignKey (sync_row) references syncs (sync_row)|@fieldName sync|@foreignFieldName refreshes
@foreignKey (stream_row) references streams (id)|@fieldName stream|@foreignFieldName refreshes
@foreignKey (run_row) references runs (id)|@fieldName run|@backwardBehavior -connection -list -single
@order id
@filter state
The deletion of what a full sync did not see, until it has ended. One that would delete too much waits for `approveDeletes` or `discardDeletes`.';
comment on column api.refreshes.id is 'Its number.';
comment on column api.refreshes.state is E'@enum RefreshState open deleting needs_approval finished discarded superseded\nHow far it is.';
comment on column api.refreshes.live is E'@nullable\nHow many live records there were when the sync had seen all.';
comment on column api.refreshes.missing is E'@nullable\nHow many of them it did not see.';
comment on column api.refreshes.deleted is 'How many of these are deleted.';
comment on column api.refreshes.opened_at is 'When it began.';
