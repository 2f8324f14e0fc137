-- why: deploying or trying out a single text takes seconds; whoever asked looks for the outcome later, perhaps at another process
-- breaking: no
set local lock_timeout = '5s';
create table syncline.function_jobs (
  id             uuid        primary key default gen_random_uuid(),
  environment_id int         not null references syncline.environments on delete cascade,
  kind           text        not null,
  integration    text        not null,
  function_name  text,
  function_type  text        not null,
  state          text        not null default 'running',
  started_at     timestamptz not null default syncline.now(),
  ended_at       timestamptz,
  outcome_sealed bytea,
  constraint function_jobs_kind_is_known check (kind in ('deployment', 'dryrun')),
  constraint function_jobs_deployments_have_a_name check ((kind = 'deployment') = (function_name is not null)),
  constraint function_jobs_type_is_known check (function_type in ('sync', 'action')),
  constraint function_jobs_state_is_known check (state in ('running', 'success', 'failed')),
  constraint function_jobs_ended_iff_not_running check ((state = 'running') = (ended_at is null)),
  constraint function_jobs_outcome_iff_ended check ((ended_at is null) = (outcome_sealed is null))
);
comment on table syncline.function_jobs is 'One row per single function that was deployed or tried out over the API, kept for a day. The outcome is sealed with the environment''s key.';
create index function_jobs_environment on syncline.function_jobs (environment_id, started_at);
alter table syncline.function_jobs enable row level security;
