-- why: every run, request, message and webhook attempt can be read where everything else is; dropped by the day
-- breaking: no
create sequence syncline.logs_id_seq;
create table syncline.logs (
  id             bigint      not null default nextval('syncline.logs_id_seq'),
  at             timestamptz not null default syncline.now(),
  environment_id int         not null,
  connection_id  int,
  sync_id        int,
  run_id         bigint,
  kind           text        not null,
  level          text        not null,
  message        text        not null,
  detail         jsonb,
  constraint logs_kind_is_known check (kind in ('run', 'request', 'message', 'webhook', 'change')),
  constraint logs_level_is_known check (level in ('debug', 'info', 'warn', 'error'))
) partition by range (at);
comment on table syncline.logs is 'One row per fact about a run, provider request, message of a function, webhook attempt or change by an operator; a partition a day.';
alter sequence syncline.logs_id_seq owned by syncline.logs.id;
create index logs_run on syncline.logs (run_id, id) where run_id is not null;
create index logs_environment on syncline.logs (environment_id, id);
alter table syncline.logs enable row level security;

-- Nothing is refused for lack of a day's partition: what has none lands here.
create table syncline.logs_default partition of syncline.logs default;
comment on table syncline.logs_default is 'Log rows for which no partition of their day existed when they were written.';
alter table syncline.logs_default enable row level security;
