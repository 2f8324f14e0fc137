-- why: functions exclude each other across runs and processes, and read settings and secrets of their environment
-- breaking: no
create table syncline.locks (
  environment_id int         not null references syncline.environments on delete cascade,
  key            text        not null,
  run_id         bigint      not null references syncline.runs on delete cascade,
  expires_at     timestamptz not null,
  acquired_at    timestamptz not null default syncline.now(),
  constraint locks_key_has_1_to_255_characters check (length(key) between 1 and 255),
  primary key (environment_id, key)
);
comment on table syncline.locks is 'One row per lock that a function took: the run that holds it, and until when. It is free once that is past or the run has ended.';
create index locks_run on syncline.locks (run_id);
alter table syncline.locks enable row level security;

create table syncline.environment_variables (
  environment_id int         not null references syncline.environments on delete cascade,
  name           text        not null,
  value_sealed   bytea       not null,
  created_at     timestamptz not null default syncline.now(),
  updated_at     timestamptz not null default syncline.now(),
  constraint environment_variables_name_has_1_to_255_characters check (length(name) between 1 and 255),
  primary key (environment_id, name)
);
comment on table syncline.environment_variables is 'One row per variable that functions of an environment may read; the value is sealed with the environment''s key.';
alter table syncline.environment_variables enable row level security;
