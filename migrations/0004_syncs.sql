-- why: what code exists, and which connection runs it how often
-- breaking: no
create table syncline.functions (
  id             int         generated always as identity primary key,
  environment_id int         not null references syncline.environments on delete cascade,
  integration_id int         not null references syncline.integrations on delete cascade,
  kind           text        not null,
  name           text        not null,
  version        text        not null,
  hash           text        not null,
  bundle         text        not null,
  definition     jsonb       not null,
  models         text[]      not null,
  frequency      interval,
  auto_start     boolean     not null,
  track_deletes  boolean     not null,
  is_active      boolean     not null default true,
  deployed_at    timestamptz not null default syncline.now(),
  constraint functions_kind_is_known check (kind in ('sync', 'action', 'on-event')),
  constraint functions_name_is_readable check (name ~ '^[a-zA-Z0-9_-]{1,255}$'),
  constraint functions_syncs_have_a_frequency check ((kind = 'sync') = (frequency is not null)),
  constraint functions_frequency_is_at_least_15_seconds check (frequency >= '15 s')
);
comment on table syncline.functions is 'One row per deployed version of a function: compiled bundle, schemas and options. Only the newest is active.';
create unique index functions_active on syncline.functions (integration_id, kind, name) where is_active;
create index functions_environment on syncline.functions (environment_id, integration_id);
alter table syncline.functions enable row level security;

create table syncline.syncs (
  id                   int         generated always as identity primary key,
  uid                  uuid        not null default gen_random_uuid() unique,
  environment_id       int         not null references syncline.environments on delete cascade,
  connection_id        int         not null references syncline.connections on delete cascade,
  function_id          int         not null references syncline.functions on delete restrict,
  name                 text        not null,
  variant              text        not null default 'base',
  state                text        not null,
  frequency            interval    not null,
  frequency_override   text,
  next_run_at          timestamptz,
  last_run_id          bigint,
  last_success_at      timestamptz,
  consecutive_failures int         not null default 0,
  idle_interrupts      int         not null default 0,
  stalled_at           timestamptz,
  delete_limit_share   numeric     default 0.5,
  delete_limit_rows    int         not null default 100,
  created_at           timestamptz not null default syncline.now(),
  deleted_at           timestamptz,
  constraint syncs_state_is_known check (state in ('started', 'paused')),
  constraint syncs_variant_is_readable check (variant ~ '^[a-zA-Z0-9_-]{1,255}$'),
  constraint syncs_frequency_is_at_least_15_seconds check (frequency >= '15 s'),
  constraint syncs_only_started_ones_are_due check (next_run_at is null or (state = 'started' and deleted_at is null)),
  constraint syncs_delete_limit_is_a_share check (delete_limit_share > 0 and delete_limit_share <= 1),
  constraint syncs_counters_are_not_negative check (consecutive_failures >= 0 and idle_interrupts >= 0 and delete_limit_rows >= 0)
);
comment on table syncline.syncs is 'One row per sync: a function run for one connection in one variant, with its schedule. next_run_at is null while a run lives or the sync is paused.';
create unique index syncs_live on syncline.syncs (connection_id, name, variant) where deleted_at is null;
create index syncs_due on syncline.syncs (next_run_at, id) where next_run_at is not null;
create index syncs_function on syncline.syncs (function_id);
create index syncs_environment on syncline.syncs (environment_id);
alter table syncline.syncs enable row level security;
