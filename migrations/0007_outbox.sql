-- why: what the app must be told is written in the transaction that makes it true, and sent later until it is heard
-- breaking: no
create table syncline.outbox (
  id              bigint      generated always as identity primary key,
  uid             uuid        not null default gen_random_uuid(),
  environment_id  int         not null references syncline.environments on delete cascade,
  connection_id   int         references syncline.connections on delete cascade,
  run_id          bigint,
  kind            text        not null,
  url             text        not null,
  body            jsonb       not null,
  state           text        not null default 'pending',
  attempts        int         not null default 0,
  next_attempt_at timestamptz default syncline.now(),
  token           bigint      not null default 0,
  created_at      timestamptz not null default syncline.now(),
  ended_at        timestamptz,
  constraint outbox_kind_is_known check (kind in ('sync', 'auth', 'forward', 'async_action', 'deletes_need_approval')),
  constraint outbox_state_is_known check (state in ('pending', 'delivered', 'dead')),
  constraint outbox_pending_iff_due check ((state = 'pending') = (next_attempt_at is not null)),
  constraint outbox_ended_iff_not_pending check ((state = 'pending') = (ended_at is null))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.outbox is 'One row per webhook and destination: the body, and when it is tried next. Dead ones wait for a replay.';
create index outbox_due on syncline.outbox (next_attempt_at) where state = 'pending';
create index outbox_run on syncline.outbox (run_id);
create index outbox_environment on syncline.outbox (environment_id, id desc);
create index outbox_connection on syncline.outbox (connection_id);
create index outbox_ended on syncline.outbox (ended_at) where ended_at is not null;
alter table syncline.outbox enable row level security;

create table syncline.deliveries (
  id         bigint      generated always as identity primary key,
  outbox_id  bigint      not null references syncline.outbox on delete cascade,
  attempt    int         not null,
  at         timestamptz not null default syncline.now(),
  status     int,
  ms         int         not null,
  error      text,
  constraint deliveries_have_a_status_or_an_error check (status is not null or error is not null)
);
comment on table syncline.deliveries is 'One row per attempt to deliver an outbox row: the answer''s status or the network error, and how long it took.';
create index deliveries_outbox on syncline.deliveries (outbox_id);
alter table syncline.deliveries enable row level security;
