-- why: an action may be asked for now and its result fetched later, or once under a key however often it is asked for
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.settings
  add column action_result_retention   interval not null default '5 days',
  add column async_action_start_within interval not null default '24 h',
  add constraint settings_actions_have_time check (action_result_retention > '0 s' and async_action_start_within > '0 s');

create table syncline.actions (
  id              bigint      generated always as identity primary key,
  uid             uuid        not null unique,
  environment_id  int         not null references syncline.environments on delete cascade,
  connection_id   int         not null references syncline.connections on delete cascade,
  name            text        not null,
  is_async        boolean     not null,
  idempotency_key text,
  input_hash      bytea,
  input_sealed    bytea,
  max_retries     int         not null default 0,
  state           text        not null default 'waiting',
  attempts        int         not null default 0,
  due_at          timestamptz default syncline.now(),
  run_id          bigint      references syncline.runs on delete set null,
  outcome_sealed  bytea,
  error           jsonb,
  created_at      timestamptz not null default syncline.now(),
  ended_at        timestamptz,
  constraint actions_state_is_known check (state in ('waiting', 'running', 'succeeded', 'failed')),
  constraint actions_are_kept_for_a_reason check (is_async or idempotency_key is not null),
  constraint actions_waiting_iff_due check ((state = 'waiting') = (due_at is not null)),
  constraint actions_running_ones_have_a_run check (state <> 'running' or run_id is not null),
  constraint actions_ended_iff_succeeded_or_failed check ((state in ('succeeded', 'failed')) = (ended_at is not null)),
  constraint actions_succeeded_ones_have_a_result check (state <> 'succeeded' or outcome_sealed is not null),
  constraint actions_failed_ones_say_why check (state <> 'failed' or outcome_sealed is not null or error is not null),
  constraint actions_input_is_kept_until_the_end check ((input_sealed is not null) = (is_async and ended_at is null)),
  constraint actions_key_is_short check (length(idempotency_key) between 1 and 255),
  constraint actions_key_goes_with_an_input check ((idempotency_key is null) = (input_hash is null)),
  constraint actions_retries_are_few check (max_retries between 0 and 5 and (is_async or max_retries = 0))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.actions is 'One row per action whose result is kept: asynchronous ones, and those asked for under an idempotency key. Input and outcome are sealed with the connection''s key; error is what the database itself decided. Life: waiting, running, then succeeded or failed; a failed try with retries left waits again.';
create unique index actions_one_per_key on syncline.actions (connection_id, name, idempotency_key) where idempotency_key is not null;
create unique index actions_one_at_a_time_per_environment on syncline.actions (environment_id) where is_async and state = 'running';
create index actions_open on syncline.actions (environment_id, due_at, id) where ended_at is null;
create index actions_run on syncline.actions (run_id);
create index actions_ended on syncline.actions (ended_at) where ended_at is not null;
alter table syncline.actions enable row level security;
