-- why: a session ends with its first connection, and each environment says how its connect page looks
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.connect_sessions
  add column used_at            timestamptz,
  add column made_connection_id int references syncline.connections on delete set null,
  add constraint connect_sessions_made_something_when_used check (made_connection_id is null or used_at is not null);
comment on column syncline.connect_sessions.used_at is 'When its connection was made: from then on its token opens nothing.';
comment on column syncline.connect_sessions.made_connection_id is 'The connection that was made in it, or renewed.';
create index connect_sessions_made on syncline.connect_sessions (made_connection_id) where made_connection_id is not null;
alter table syncline.environments
  add column connect_ui jsonb not null default '{}',
  add constraint environments_connect_ui_is_an_object check (jsonb_typeof(connect_ui) = 'object');
comment on column syncline.environments.connect_ui is 'How the connect page looks, as far as it was set: theme, defaultTheme, showWatermark.';
