-- why: records of a model may also be kept in a table of the user's, in the transaction that saves them
-- breaking: no
set local lock_timeout = '5s';
create table syncline.landing_tables (
  environment_id int         not null references syncline.environments on delete cascade,
  table_name     text        not null,
  allowed_at     timestamptz not null default syncline.now(),
  allowed_by     text        not null default current_user,
  primary key (environment_id, table_name)
);
comment on table syncline.landing_tables is 'One row per table of the user''s that functions of an environment may deliver into; written by allow_delivery and forbid_delivery alone.';
alter table syncline.landing_tables enable row level security;

create table syncline.landings (
  id             bigint      generated always as identity primary key,
  stream_id      int         not null unique references syncline.streams on delete cascade,
  environment_id int         not null references syncline.environments on delete cascade,
  integration_id int         not null references syncline.integrations on delete cascade,
  function_name  text        not null,
  model          text        not null,
  table_name     text        not null,
  relation       oid         not null,
  columns        jsonb       not null,
  names          jsonb       not null,
  key_columns    text[]      not null,
  filled_pos     bigint      not null default 0,
  filled_at      timestamptz,
  passed_over    bigint      not null default 0,
  opened_at      timestamptz not null default syncline.now(),
  constraint landings_allowed foreign key (environment_id, table_name)
    references syncline.landing_tables (environment_id, table_name) on delete restrict,
  constraint landings_columns_and_names_are_objects check (jsonb_typeof(columns) = 'object' and jsonb_typeof(names) = 'object'),
  constraint landings_counts_are_not_negative check (filled_pos >= 0 and passed_over >= 0)
);
comment on table syncline.landings is 'One row per stream whose live records are rows of a table of the user''s as well: columns says where each value comes from, names what the rows are known by. filled_at is null until records from before the mapping are there; another mapping makes another row.';
comment on column syncline.landings.passed_over is 'Records that could not be filled in since their payload was pruned.';
create index landings_table on syncline.landings (table_name);
create index landings_owner on syncline.landings (integration_id, function_name);
create index landings_environment on syncline.landings (environment_id, table_name);
alter table syncline.landings enable row level security;

alter table syncline.streams add column lands boolean not null default false;
comment on column syncline.streams.lands is 'True when the stream has a landing: then nobody changes its records without the rows of the user''s table.';

create index functions_deliver on syncline.functions (integration_id) where is_active and definition ? 'deliver';

alter table syncline.settings
  add column delivery_lock_timeout interval not null default '10 s',
  add constraint settings_delivery_lock_timeout_is_10_ms_to_50_s check (delivery_lock_timeout between '10 ms' and '50 s');
comment on column syncline.settings.delivery_lock_timeout is 'How long a save waits for a lock on rows of a table of yours before its run fails.';
