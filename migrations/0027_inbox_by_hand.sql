-- why: what people decide about a provider's webhook is kept: to which connection it belongs, and what a replay is to do again
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.inbox
  add column replay_target text,
  add column has_content   boolean generated always as (content_sealed is not null) stored,
  add constraint inbox_replay_target_is_known check (replay_target in ('functions', 'forwards')),
  add constraint inbox_only_replays_have_a_target check (replay_target is null or replays > 0);
comment on column syncline.inbox.replay_target is 'What its last replay does again: functions (calls of onWebhook), forwards (webhooks to the app), or null for both.';
comment on column syncline.inbox.has_content is 'False once what the provider sent is shredded: then it can be neither replayed nor forwarded.';
create index inbox_refused on syncline.inbox (received_at) where state = 'refused';

alter table syncline.inbox_matches add column is_manual boolean not null default false;
comment on column syncline.inbox_matches.is_manual is 'Handed to the connection by hand: stays when the event is matched again.';
