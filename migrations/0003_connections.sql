-- why: who is synced with which provider, and the keys that seal what is stored for them
-- breaking: no
create table syncline.integrations (
  id                  int         generated always as identity primary key,
  environment_id      int         not null references syncline.environments on delete cascade,
  unique_key          text        not null,
  provider            text        not null,
  display_name        text        not null,
  forward_webhooks    boolean     not null default true,
  credentials_sealed  bytea,
  config              jsonb       not null default '{}',
  custom              jsonb       not null default '{}',
  created_at          timestamptz not null default syncline.now(),
  updated_at          timestamptz not null default syncline.now(),
  deleted_at          timestamptz,
  constraint integrations_unique_key_is_readable check (unique_key ~ '^[a-zA-Z0-9~:.@ _-]{1,255}$'),
  constraint integrations_config_is_an_object check (jsonb_typeof(config) = 'object' and jsonb_typeof(custom) = 'object'),
  constraint integrations_deleted_ones_keep_no_credentials check (deleted_at is null or credentials_sealed is null)
);
comment on table syncline.integrations is 'One row per integration: a provider set up in an environment under a unique key. Deleted ones are purged after their connections.';
create unique index integrations_live on syncline.integrations (environment_id, unique_key) where deleted_at is null;
alter table syncline.integrations enable row level security;

create table syncline.connections (
  id                     int         generated always as identity primary key,
  environment_id         int         not null references syncline.environments on delete cascade,
  integration_id         int         not null references syncline.integrations on delete cascade,
  connection_id          text        not null,
  auth_mode              text        not null,
  credentials_sealed     bytea,
  credentials_expire_at  timestamptz,
  connection_config      jsonb       not null default '{}',
  metadata               jsonb       not null default '{}',
  tags                   jsonb       not null default '{}',
  end_user               jsonb,
  webhook_url_override   text,
  created_at             timestamptz not null default syncline.now(),
  updated_at             timestamptz not null default syncline.now(),
  last_fetched_at        timestamptz,
  deleted_at             timestamptz,
  constraint connections_connection_id_is_readable check (connection_id ~ '^[a-zA-Z0-9,.;:=+~|@${}"''\\/_ \[\]-]{1,255}$'),
  constraint connections_documents_are_objects check (
    jsonb_typeof(connection_config) = 'object' and jsonb_typeof(metadata) = 'object' and jsonb_typeof(tags) = 'object'
    and jsonb_typeof(coalesce(end_user, '{}')) = 'object'),
  constraint connections_webhook_url_is_http check (coalesce(webhook_url_override, 'https://') ~ '^https?://'),
  constraint connections_deleted_ones_keep_no_credentials check (deleted_at is null or credentials_sealed is null)
);
comment on table syncline.connections is 'One row per connection: one customer''s account at one integration, with sealed credentials. Deleted ones are purged later.';
create unique index connections_live on syncline.connections (integration_id, connection_id) where deleted_at is null;
create index connections_listed on syncline.connections (environment_id, created_at desc, id desc) where deleted_at is null;
create index connections_tags on syncline.connections using gin (tags jsonb_path_ops);
create index connections_deleted on syncline.connections (deleted_at) where deleted_at is not null;
alter table syncline.connections enable row level security;

create table syncline.data_keys (
  id             int         generated always as identity primary key,
  environment_id int         not null references syncline.environments on delete cascade,
  connection_id  int         references syncline.connections on delete cascade,
  wrapped        bytea       not null,
  master_key_id  text        not null,
  created_at     timestamptz not null default syncline.now()
);
comment on table syncline.data_keys is 'One row per data key, wrapped by the master key: one for each environment, one for each connection. Deleting the row shreds what it sealed.';
create unique index data_keys_connection on syncline.data_keys (connection_id) where connection_id is not null;
create unique index data_keys_environment on syncline.data_keys (environment_id) where connection_id is null;
alter table syncline.data_keys enable row level security;
