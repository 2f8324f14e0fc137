-- why: an environment is the tenant; nothing below it is ever shared with another
-- breaking: no
create table syncline.environments (
  id                           int         generated always as identity primary key,
  uid                          uuid        not null default gen_random_uuid() unique,
  name                         text        not null unique,
  signing_key_sealed           bytea       not null,
  webhook_url_primary          text,
  webhook_url_secondary        text,
  on_auth_creation             boolean     not null default true,
  on_auth_refresh_error        boolean     not null default true,
  on_sync_error                boolean     not null default true,
  on_sync_completion_always    boolean     not null default true,
  on_async_action_completion   boolean     not null default true,
  on_connection_deletion       boolean     not null default true,
  created_at                   timestamptz not null default syncline.now(),
  constraint environments_name_is_lower_case check (name ~ '^[a-z0-9_-]{1,255}$'),
  constraint environments_webhook_urls_are_http check (
    coalesce(webhook_url_primary, 'https://') ~ '^https?://' and coalesce(webhook_url_secondary, 'https://') ~ '^https?://')
);
comment on table syncline.environments is 'One row per environment (dev, prod, ...): the tenant that owns integrations, connections, records and webhook settings.';
alter table syncline.environments enable row level security;

create table syncline.api_keys (
  id             int         generated always as identity primary key,
  environment_id int         not null references syncline.environments on delete cascade,
  display_name   text        not null default 'default',
  key_hash       bytea       not null unique,
  scopes         text[]      not null default '{environment:*}',
  created_at     timestamptz not null default syncline.now(),
  revoked_at     timestamptz,
  constraint api_keys_hash_is_sha256 check (octet_length(key_hash) = 32)
);
comment on table syncline.api_keys is 'One row per API key of an environment; only the SHA-256 of the key is kept.';
create index api_keys_environment on syncline.api_keys (environment_id);
alter table syncline.api_keys enable row level security;
