-- 92_api_run.sql: what GraphQL shows of runs and the log. See 90_api.sql.
create or replace view api.runs with (security_invoker) as
select r.id, r.environment_id as environment_row, r.connection_id as connection_row, r.sync_id as sync_row,
       r.function_id as function_row, r.kind, r.origin, r.state, r.created_at, r.due_at, r.started_at, r.finished_at,
       extract(epoch from coalesce(r.finished_at, syncline.now()) - r.started_at)::float8 as seconds,
       r.attempt, r.sync_type, r.checkpoint_from, r.checkpoint_to, r.error
  from syncline.runs r;
comment on view api.runs is '
@primaryKey id|@fieldName run
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName runs
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName runs
@foreignKey (sync_row) references syncs (sync_row)|@fieldName sync|@foreignFieldName runs
@foreignKey (function_row) references functions (id)|@fieldName function|@backwardBehavior -connection -list -single
@order -id
@filter state kind
@range created_at created run_number
@via connection_row
@behavior -totalCount
One execution of a function. Its connection or sync is null when that was deleted since.';
comment on column api.runs.id is 'Its number; later ones have higher numbers.';
comment on column api.runs.kind is E'@enum RunKind sync webhook action on-event undo\nWhat it executes.';
comment on column api.runs.origin is E'@enum RunOrigin schedule trigger start continuation webhook api event undo\nWhat made it.';
comment on column api.runs.state is E'@enum RunState ready running succeeded failed interrupted cancelled\nWhere it is in its life; one that was interrupted goes on in a new run.';
comment on column api.runs.created_at is 'When it was asked for.';
comment on column api.runs.due_at is 'When it could start.';
comment on column api.runs.started_at is E'@nullable\nWhen it started.';
comment on column api.runs.finished_at is E'@nullable\nWhen it ended.';
comment on column api.runs.seconds is E'@nullable\nHow long it took, or has taken so far.';
comment on column api.runs.attempt is 'How often a worker took it up: more than once when workers were lost.';
comment on column api.runs.sync_type is E'@nullable\n@enum SyncType INITIAL INCREMENTAL WEBHOOK\nWhether the sync had succeeded before, or that a provider''s webhook was handled.';
comment on column api.runs.checkpoint_from is E'@nullable\nThe checkpoint it went on from.';
comment on column api.runs.checkpoint_to is E'@nullable\nThe checkpoint it left.';
comment on column api.runs.error is E'@nullable\nWhy it failed: {type, message, …}.';

create or replace view api.run_results with (security_invoker) as
select x.run_id as run_row, x.stream_id as stream_row, t.model, t.variant, x.added, x.updated, x.deleted, x.unchanged
  from syncline.run_streams x
  join syncline.streams t on t.id = x.stream_id;
comment on view api.run_results is '
@primaryKey run_row,stream_row|@behavior -single
@foreignKey (run_row) references runs (id)|@fieldName run|@foreignSimpleFieldName results|@backwardBehavior -connection +list
@foreignKey (stream_row) references streams (id)|@fieldName stream|@backwardBehavior -connection -list -single
@behavior -query:resource:connection -query:resource:list -order -filter -node -totalCount
What a run did to the records of one model.';
comment on column api.run_results.model is 'The model.';
comment on column api.run_results.variant is 'The variant.';
comment on column api.run_results.added is 'How many records were new.';
comment on column api.run_results.updated is 'How many had changed.';
comment on column api.run_results.deleted is 'How many were deleted.';
comment on column api.run_results.unchanged is 'How many were as before.';

create or replace view api.logs with (security_invoker) as
select l.id, l.environment_id as environment_row, l.connection_id as connection_row, l.sync_id as sync_row, l.run_id as run_row,
       l.at, l.kind, l.level, l.message, l.detail
  from syncline.logs l;
comment on view api.logs is '
@primaryKey id|@behavior -single
@foreignKey (environment_row) references environments (id)|@fieldName environment|@foreignFieldName logs
@foreignKey (connection_row) references connections (id)|@fieldName connection|@foreignFieldName logs
@foreignKey (sync_row) references syncs (sync_row)|@fieldName sync|@backwardBehavior -connection -list -single
@foreignKey (run_row) references runs (id)|@fieldName run|@foreignFieldName logs
@order -id
@filter kind
@least level debug info warn error
@range at
@via connection_row
@behavior -totalCount -node
One fact about a run, a request to a provider, a message of a function, a webhook, or a change that somebody made.';
comment on column api.logs.id is 'Its number; later ones have higher numbers.';
comment on column api.logs.at is 'When it was.';
comment on column api.logs.kind is E'@enum LogKind run request message webhook change\nWhat it is about.';
comment on column api.logs.level is E'@enum LogLevel debug info warn error\nHow bad it is.';
comment on column api.logs.message is 'What happened.';
comment on column api.logs.detail is E'@nullable\nMore about it.';
