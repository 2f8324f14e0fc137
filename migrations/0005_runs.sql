-- why: one row per execution, who works on it until when, and what it remembers for the next one
-- breaking: no
create table syncline.workers (
  id           text        primary key,
  pool_ids     text[]      not null default '{}',
  started_at   timestamptz not null default syncline.now(),
  heartbeat_at timestamptz not null default syncline.now()
);
comment on table syncline.workers is 'One row per living worker process and the graphile-worker pools it owns; a silent one is removed and its job locks are released.';
alter table syncline.workers enable row level security;

create table syncline.runs (
  id               bigint      generated always as identity primary key,
  environment_id   int         not null references syncline.environments on delete cascade,
  connection_id    int         not null references syncline.connections on delete cascade,
  sync_id          int         references syncline.syncs on delete cascade,
  function_id      int         references syncline.functions on delete set null,
  kind             text        not null default 'sync',
  origin           text        not null,
  state            text        not null default 'ready',
  priority         smallint    not null default 10,
  due_at           timestamptz not null default syncline.now(),
  rung_at          timestamptz not null default syncline.now(),
  created_at       timestamptz not null default syncline.now(),
  started_at       timestamptz,
  finished_at      timestamptz,
  worker           text,
  lease_ends_at    timestamptz,
  interrupt_after  timestamptz,
  token            bigint      not null default 0,
  attempt          int         not null default 0,
  empty_cache      boolean     not null default false,
  sync_type        text,
  last_success_at  timestamptz,
  checkpoint_from  jsonb,
  checkpoint_to    jsonb,
  error            jsonb,
  constraint runs_kind_is_known check (kind in ('sync', 'webhook', 'action', 'on-event')),
  constraint runs_of_syncs_name_their_sync check (kind <> 'sync' or sync_id is not null),
  constraint runs_origin_is_known check (origin in ('schedule', 'trigger', 'start', 'continuation', 'webhook', 'api')),
  constraint runs_state_is_known check (state in ('ready', 'running', 'succeeded', 'failed', 'interrupted', 'cancelled')),
  constraint runs_lease_iff_running check ((state = 'running') = (lease_ends_at is not null) and (state = 'running') = (worker is not null)),
  constraint runs_finished_iff_ended check ((finished_at is not null) = (state not in ('ready', 'running'))),
  constraint runs_failed_ones_say_why check (state <> 'failed' or error is not null),
  constraint runs_token_only_grows_from_zero check (token >= 0 and attempt >= 0)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.runs is 'One row per execution of a function: state, lease, fencing token, result. Life: ready, running, then succeeded, failed, interrupted or cancelled.';
create unique index runs_one_live_per_sync on syncline.runs (sync_id) where state in ('ready', 'running') and kind = 'sync';
create index runs_ready on syncline.runs (priority, due_at, id) where state = 'ready';
create index runs_leased on syncline.runs (lease_ends_at) where state = 'running';
create index runs_of_sync on syncline.runs (sync_id, id desc);
create index runs_of_connection on syncline.runs (connection_id, id desc);
create index runs_finished on syncline.runs (finished_at) where finished_at is not null;
alter table syncline.runs enable row level security;

create table syncline.checkpoints (
  connection_id int         not null references syncline.connections on delete cascade,
  kind          text        not null,
  name          text        not null,
  variant       text        not null,
  value         jsonb       not null,
  run_id        bigint      not null,
  updated_at    timestamptz not null default syncline.now(),
  constraint checkpoints_are_flat_objects check (jsonb_typeof(value) = 'object' and not jsonb_path_exists(value, '$.* ? (@.type() == "object" || @.type() == "array" || @.type() == "null")')),
  primary key (connection_id, kind, name, variant)
) with (fillfactor = 50);
comment on table syncline.checkpoints is 'One row per function, connection and variant: what the function wants to remember for its next run, written in the transaction of the records it covers.';
alter table syncline.checkpoints enable row level security;
