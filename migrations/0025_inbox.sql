-- why: what a provider sends is a row before it is answered, and so is what is owed to syncs for it: accepted means handled
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.settings
  add column inbox_retention       interval not null default '7 days',
  add column inbox_dedupe_window   interval not null default '10 min',
  add column webhook_call_timeout  interval not null default '1 h',
  add column webhook_call_attempts int      not null default 3,
  add constraint settings_inbox_retention_is_1_minute_to_10_years check (inbox_retention between '1 min' and '10 years'),
  add constraint settings_inbox_dedupe_window_is_1_second_to_7_days check (inbox_dedupe_window between '1 s' and '7 days'),
  add constraint settings_webhook_call_timeout_is_1_second_to_20_days check (webhook_call_timeout between '1 s' and '20 days'),
  add constraint settings_webhook_call_attempts_is_1_to_100 check (webhook_call_attempts between 1 and 100);
comment on column syncline.settings.inbox_retention is 'For how long webhooks of providers are kept after they were handled; what waits is kept.';
comment on column syncline.settings.inbox_dedupe_window is 'A provider''s webhook without an id of its own that comes again within this time is the same one.';
comment on column syncline.settings.webhook_call_timeout is 'For how long onWebhook may take.';
comment on column syncline.settings.webhook_call_attempts is 'How often onWebhook is called for an event before it is given up.';

alter table syncline.integrations
  add column webhook_secret_sealed bytea,
  add constraint integrations_deleted_ones_keep_no_webhook_secret check (deleted_at is null or webhook_secret_sealed is null);

create table syncline.inbox (
  id                bigint      generated always as identity primary key,
  uid               uuid        not null default gen_random_uuid() unique,
  environment_id    int         not null references syncline.environments on delete cascade,
  integration_id    int         not null references syncline.integrations on delete cascade,
  received_at       timestamptz not null default syncline.now(),
  verdict           text        not null,
  reason            text,
  delivery_id       text,
  dedupe_key        bytea,
  content_sealed    bytea,
  bytes             int         not null,
  parts             jsonb       not null default '[]',
  state             text        not null default 'waiting',
  replays           int         not null default 0,
  duplicates        int         not null default 0,
  last_duplicate_at timestamptz,
  matched           int,
  handled_at        timestamptz,
  constraint inbox_verdict_is_known check (verdict in ('verified', 'unverified', 'refused')),
  constraint inbox_state_is_known check (state in ('waiting', 'handled', 'refused')),
  constraint inbox_refused_ones_say_why check ((verdict = 'refused') = (reason is not null)),
  constraint inbox_refused_ones_are_not_handled check ((verdict = 'refused') = (state = 'refused')),
  constraint inbox_refused_ones_hold_no_key check (verdict <> 'refused' or dedupe_key is null),
  constraint inbox_handled_iff_matched check ((state = 'handled') = (handled_at is not null) and (state = 'handled') = (matched is not null)),
  constraint inbox_parts_are_an_array check (jsonb_typeof(parts) = 'array'),
  constraint inbox_counters_are_not_negative check (bytes >= 0 and replays >= 0 and duplicates >= 0 and matched >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.inbox is 'One row per webhook that a provider sent: sealed with the environment''s key as it came, the verdict on its signature, and in parts what it is about. Life: waiting, then handled; refused ones stay refused.';
create unique index inbox_once on syncline.inbox (integration_id, dedupe_key) where dedupe_key is not null;
create index inbox_waiting on syncline.inbox (integration_id, id) where state = 'waiting';
create index inbox_unmatched on syncline.inbox (integration_id, id) where matched = 0;
create index inbox_environment on syncline.inbox (environment_id, id desc);
create index inbox_received on syncline.inbox (received_at);
alter table syncline.inbox enable row level security;

create table syncline.inbox_matches (
  inbox_id      bigint not null references syncline.inbox on delete cascade,
  connection_id int    not null references syncline.connections on delete cascade,
  parts         int[]  not null,
  primary key (inbox_id, connection_id),
  constraint inbox_matches_name_parts check (cardinality(parts) > 0)
);
comment on table syncline.inbox_matches is 'One row per connection that a provider''s webhook is about, with the numbers (from 0) of the parts that are.';
create index inbox_matches_connection on syncline.inbox_matches (connection_id, inbox_id);
alter table syncline.inbox_matches enable row level security;

create table syncline.webhook_calls (
  id             bigint      generated always as identity primary key,
  environment_id int         not null references syncline.environments on delete cascade,
  connection_id  int         not null references syncline.connections on delete cascade,
  sync_id        int         not null references syncline.syncs on delete cascade,
  inbox_id       bigint      not null references syncline.inbox on delete cascade,
  part           int         not null,
  replay         int         not null default 0,
  subscription   text        not null,
  state          text        not null default 'waiting',
  attempts       int         not null default 0,
  due_at         timestamptz default syncline.now(),
  run_id         bigint      references syncline.runs on delete cascade,
  error          jsonb,
  created_at     timestamptz not null default syncline.now(),
  ended_at       timestamptz,
  constraint webhook_calls_state_is_known check (state in ('waiting', 'running', 'done', 'failed')),
  constraint webhook_calls_waiting_iff_due check ((state = 'waiting') = (due_at is not null)),
  constraint webhook_calls_running_ones_have_a_run check (state <> 'running' or run_id is not null),
  constraint webhook_calls_ended_iff_done_or_failed check ((state in ('done', 'failed')) = (ended_at is not null)),
  constraint webhook_calls_failed_ones_say_why check (state <> 'failed' or error is not null),
  constraint webhook_calls_counters_are_not_negative check (part >= 0 and replay >= 0 and attempts >= 0)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.webhook_calls is 'One row per call of onWebhook that is owed to a sync for a part of a provider''s webhook. Those of a sync are made in the order of their ids, one run at a time. Life: waiting, running, then done or failed; a failed attempt with others left waits again.';
create unique index webhook_calls_once on syncline.webhook_calls (sync_id, inbox_id, part, replay);
create index webhook_calls_open on syncline.webhook_calls (sync_id, id) where ended_at is null;
create index webhook_calls_inbox on syncline.webhook_calls (inbox_id);
create index webhook_calls_run on syncline.webhook_calls (run_id) where run_id is not null;
create index webhook_calls_connection on syncline.webhook_calls (connection_id, id desc);
create index webhook_calls_failed on syncline.webhook_calls (environment_id, id desc) where state = 'failed';
alter table syncline.webhook_calls enable row level security;

create unique index runs_one_live_webhook_run_per_sync on syncline.runs (sync_id) where state in ('ready', 'running') and kind = 'webhook';
