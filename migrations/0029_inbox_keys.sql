-- why: a provider's retry with the same id and another body is one event, and worth a warning
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.inbox add column body_hash bytea;
comment on column syncline.inbox.body_hash is 'Keyed hash of the body, with the environment''s key: tells a retry from another event under the same id.';
