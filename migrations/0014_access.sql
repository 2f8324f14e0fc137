-- why: environments come and go, keys are listed and revoked one by one, end users connect in sessions, and the limit on how
-- often a key may call is one for all API processes
-- breaking: no
set local lock_timeout = '5s';

-- A deleted environment waits, without keys and connections, until its records are swept. Its name is free at once.
alter table syncline.environments
  add column deleted_at timestamptz,
  drop constraint environments_name_key;
create unique index environments_live on syncline.environments (name) where deleted_at is null;
create index environments_deleted on syncline.environments (deleted_at) where deleted_at is not null;

alter table syncline.api_keys
  add constraint api_keys_display_name_has_1_to_255_characters check (length(display_name) between 1 and 255),
  add constraint api_keys_may_do_something check (cardinality(scopes) between 1 and 100);

create table syncline.connect_sessions (
  id                   int         generated always as identity primary key,
  environment_id       int         not null references syncline.environments on delete cascade,
  token_hash           bytea       not null unique,
  connection_id        int         references syncline.connections on delete cascade,
  allowed_integrations text[],
  end_user             jsonb,
  tags                 jsonb       not null default '{}',
  defaults             jsonb       not null default '{}',
  overrides            jsonb       not null default '{}',
  webhook_url_override text,
  created_at           timestamptz not null default syncline.now(),
  expires_at           timestamptz not null,
  constraint connect_sessions_hash_is_sha256 check (octet_length(token_hash) = 32),
  constraint connect_sessions_end_after_they_begin check (expires_at > created_at),
  constraint connect_sessions_allow_something check (cardinality(allowed_integrations) > 0),
  constraint connect_sessions_webhook_url_is_http check (coalesce(webhook_url_override, 'https://') ~ '^https?://'),
  constraint connect_sessions_documents_are_objects check (
    jsonb_typeof(coalesce(end_user, '{}')) = 'object' and jsonb_typeof(tags) = 'object' and jsonb_typeof(defaults) = 'object'
    and jsonb_typeof(overrides) = 'object')
);
comment on table syncline.connect_sessions is 'One row per invitation of an end user to connect: what may be connected (null: every integration), or the connection to be renewed, and what its connection will carry. Of the token only the SHA-256 is kept.';
create index connect_sessions_environment on syncline.connect_sessions (environment_id);
create index connect_sessions_connection on syncline.connect_sessions (connection_id) where connection_id is not null;
create index connect_sessions_expired on syncline.connect_sessions (expires_at);
alter table syncline.connect_sessions enable row level security;

-- Without a write-ahead log: a crash forgets at most one minute of counting.
create unlogged table syncline.request_counts (
  bucket       text        not null,
  window_start timestamptz not null,
  requests     int         not null,
  primary key (bucket, window_start)
);
comment on table syncline.request_counts is 'One row per API key and minute: how many requests all API processes have counted, for the rate limit.';
alter table syncline.request_counts enable row level security;
