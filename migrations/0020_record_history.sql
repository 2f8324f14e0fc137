-- why: a model may ask that versions of its records are kept, to read them as of any instant and to undo what a run did
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.functions add column history_models text[] not null default '{}';

alter table syncline.settings
  add column history_retention interval default '30 days',
  add constraint settings_history_retention_is_1_minute_to_10_years_or_null check (history_retention between '1 min' and '10 years');
comment on column syncline.settings.history_retention is 'How long after they ended versions of records are kept, by models that keep a history; null: for ever. How far back as-of and undo reach.';

alter table syncline.streams add column history_since timestamptz;

create table syncline.record_versions (
  pos           bigint      not null,
  run_id        bigint      not null,
  first_seen_at timestamptz not null,
  valid_from    timestamptz not null,
  valid_to      timestamptz not null,
  deleted_at    timestamptz,
  pruned_at     timestamptz,
  stream_id     int         not null,
  last_action   "char"      not null,
  hash          bytea       not null,
  external_id   text        not null collate "C",
  payload       bytea,
  constraint record_versions_end_after_they_begin check (valid_from <= valid_to),
  constraint record_versions_last_action_is_known check (last_action in ('A', 'U', 'D')),
  constraint record_versions_deleted_iff_last_action_says_so check ((last_action = 'D') = (deleted_at is not null)),
  constraint record_versions_pruned_iff_payload_gone check ((pruned_at is not null) = (payload is null)),
  primary key (stream_id, external_id, pos)
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.record_versions is 'One row per version of a record that has ended, of streams that keep history: what the record was from valid_from until just before valid_to. The version that still holds is the row in records.';
-- ciphertext never compresses
alter table syncline.record_versions alter payload set storage external;
create index record_versions_ended on syncline.record_versions (stream_id, valid_to);
alter table syncline.record_versions enable row level security;

alter table syncline.runs
  add column undoes_run_id bigint,
  drop constraint runs_kind_is_known,
  add constraint runs_kind_is_known check (kind in ('sync', 'webhook', 'action', 'on-event', 'undo')),
  drop constraint runs_name_either_their_sync_or_just_their_function,
  add constraint runs_name_either_their_sync_or_just_their_function check (
    case when kind in ('sync', 'webhook', 'undo') then sync_id is not null else sync_id is null and function_id is not null end),
  drop constraint runs_origin_is_known,
  add constraint runs_origin_is_known check (origin in ('schedule', 'trigger', 'start', 'continuation', 'webhook', 'api', 'event', 'undo')),
  add constraint runs_undo_iff_they_name_what_they_undo check ((kind = 'undo') = (undoes_run_id is not null));
