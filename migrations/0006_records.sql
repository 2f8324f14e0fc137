-- why: the record store. Measured choices: one table with the payload inline, unpartitioned, stream_id first in every key,
-- no foreign key on the hot path (the stream's row lock proves the stream), positions under that lock.
-- breaking: no
create table syncline.streams (
  id              int         generated always as identity primary key,
  environment_id  int         not null references syncline.environments on delete restrict,
  connection_id   int         not null references syncline.connections on delete restrict,
  model           text        not null,
  variant         text        not null default 'base',
  head            bigint      not null default 0,
  records         bigint      not null default 0,
  pending_added   bigint      not null default 0,
  pending_updated bigint      not null default 0,
  pending_deleted bigint      not null default 0,
  pending_since   timestamptz,
  pruned_pos      bigint      not null default 0,
  last_change_at  timestamptz,
  created_at      timestamptz not null default syncline.now(),
  retired_at      timestamptz,
  constraint streams_counts_are_not_negative check (head >= 0 and records >= 0)
) with (fillfactor = 20);
comment on table syncline.streams is 'One row per connection, model and variant: the change feed, its head position, live records and the changes not yet announced by webhook. Its row lock orders commits. A retired one waits for its records to be swept.';
create unique index streams_live on syncline.streams (connection_id, model, variant) where retired_at is null;
create index streams_retired on syncline.streams (retired_at) where retired_at is not null;
create index streams_environment on syncline.streams (environment_id);
alter table syncline.streams enable row level security;

create table syncline.records (
  pos              bigint      not null,
  run_id           bigint      not null,
  first_seen_at    timestamptz not null,
  last_modified_at timestamptz not null,
  deleted_at       timestamptz,
  pruned_at        timestamptz,
  stream_id        int         not null,
  last_action      "char"      not null,
  hash             bytea       not null,
  external_id      text        not null collate "C",
  payload          bytea,
  constraint records_last_action_is_known check (last_action in ('A', 'U', 'D')),
  constraint records_deleted_iff_last_action_says_so check ((last_action = 'D') = (deleted_at is not null)),
  constraint records_pruned_iff_payload_gone check ((pruned_at is not null) = (payload is null)),
  primary key (stream_id, external_id)
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
comment on table syncline.records is 'One row per record: its latest content sealed, the keyed hash of that content, and the position of its latest change in the stream.';
-- ciphertext never compresses
alter table syncline.records alter payload set storage external;
create unique index records_pos on syncline.records (stream_id, pos);
alter table syncline.records enable row level security;

create table syncline.run_streams (
  run_id    bigint not null references syncline.runs on delete cascade,
  stream_id int    not null references syncline.streams on delete cascade,
  added     bigint not null default 0,
  updated   bigint not null default 0,
  deleted   bigint not null default 0,
  unchanged bigint not null default 0,
  not_after bigint,
  primary key (run_id, stream_id)
) with (fillfactor = 50);
comment on table syncline.run_streams is 'One row per run and stream it wrote to: what it added, updated, deleted and found unchanged; not_after is set by the merging strategy that lets newer changes win.';
create index run_streams_stream on syncline.run_streams (stream_id);
alter table syncline.run_streams enable row level security;

create table syncline.refreshes (
  id        bigint      generated always as identity primary key,
  stream_id int         not null references syncline.streams on delete cascade,
  sync_id   int         not null references syncline.syncs on delete cascade,
  run_id    bigint      not null,
  token     bigint      not null,
  state     text        not null default 'open',
  start_pos bigint      not null,
  live      bigint,
  missing   bigint,
  deleted   bigint      not null default 0,
  opened_at timestamptz not null default syncline.now(),
  ended_at  timestamptz,
  constraint refreshes_state_is_known check (state in ('open', 'deleting', 'needs_approval', 'finished', 'discarded', 'superseded')),
  constraint refreshes_ended_iff_decided check ((ended_at is not null) = (state in ('finished', 'discarded', 'superseded')))
);
comment on table syncline.refreshes is 'One row per deletion-tracking window on a stream: opened by a full refresh, bound to the sync so that it survives failed runs, ended by deleting what it did not see.';
create unique index refreshes_one_window on syncline.refreshes (stream_id) where state in ('open', 'deleting');
create unique index refreshes_one_parked on syncline.refreshes (stream_id) where state = 'needs_approval';
create index refreshes_sync on syncline.refreshes (sync_id);
alter table syncline.refreshes enable row level security;

create table syncline.refresh_seen (
  refresh_id bigint   not null references syncline.refreshes on delete cascade,
  positions  bigint[] not null
);
comment on table syncline.refresh_seen is 'One row per saved batch: the positions of the records a refresh found unchanged (9 bytes a record; a last_seen column would rewrite each row: 2.7 KB).';
alter table syncline.refresh_seen alter positions set storage external;
create index refresh_seen_refresh on syncline.refresh_seen (refresh_id);
alter table syncline.refresh_seen enable row level security;

create table syncline.refresh_missing (
  refresh_id bigint   not null references syncline.refreshes on delete cascade,
  chunk      int      not null,
  positions  bigint[] not null,
  primary key (refresh_id, chunk)
);
comment on table syncline.refresh_missing is 'One row per chunk of records that a refresh did not see and that are to be deleted.';
alter table syncline.refresh_missing alter positions set storage external;
alter table syncline.refresh_missing enable row level security;
