-- why: settings of integrations may be secrets, keys of AWS or of an app, and rested in clear
-- breaking: yes (older servers do not find what is sealed, and write in clear)
set local lock_timeout = '5s';
update syncline.integrations set config = '{}' where deleted_at is not null and config <> '{}';
alter table syncline.integrations
  add column config_sealed bytea,
  add constraint integrations_deleted_ones_keep_no_config check (deleted_at is null or (config_sealed is null and config = '{}'));
comment on column syncline.integrations.config_sealed is 'What the provider''s entry asks of an integration, sealed with the environment''s key.';
comment on column syncline.integrations.config is 'The same in clear, as older versions wrote it: a server that starts seals it and empties this.';
