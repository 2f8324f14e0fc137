-- why: end users are sent to a provider and come back, perhaps to another process: what they left with must be found once, by
-- the browser that left, and those who wait must hear how it ended
-- breaking: no
set local lock_timeout = '5s';

create table syncline.oauth_flows (
  id                 int         generated always as identity primary key,
  uid                uuid        not null default gen_random_uuid() unique,
  environment_id     int         not null references syncline.environments on delete cascade,
  integration_id     int         not null references syncline.integrations on delete cascade,
  connect_session_id int         references syncline.connect_sessions on delete set null,
  kind               text        not null,
  state_hash         bytea       not null unique,
  browser_hash       bytea       not null,
  ws_client_hash     bytea,
  redirect_uri       text        not null,
  secrets_sealed     bytea,
  requested_at       timestamptz not null default syncline.now(),
  expires_at         timestamptz not null,
  taken_at           timestamptz,
  ended_at           timestamptz,
  connection_name    text,
  is_pending         boolean     not null default false,
  error_type         text,
  error_desc         text,
  constraint oauth_flows_kind_is_known check (kind in ('oauth2', 'oauth1', 'app', 'mcp')),
  constraint oauth_flows_hashes_are_sha256 check (
    octet_length(state_hash) = 32 and octet_length(browser_hash) = 32 and coalesce(octet_length(ws_client_hash), 32) = 32),
  constraint oauth_flows_last_10_minutes_at_most check (expires_at > requested_at and expires_at <= requested_at + interval '10 min'),
  constraint oauth_flows_are_taken_in_time check (taken_at < expires_at),
  constraint oauth_flows_keep_no_secrets_once_ended check (ended_at is null or secrets_sealed is null),
  constraint oauth_flows_ended_ones_succeeded_or_failed check (
    (ended_at is not null) = (connection_name is not null or error_type is not null) and (connection_name is null or error_type is null)),
  constraint oauth_flows_errors_are_short check (length(error_type) <= 64 and length(error_desc) <= 500)
);
comment on table syncline.oauth_flows is 'One row per attempt of an end user to come back from a provider with its consent. Known by the SHA-256 of its state, bound to one browser by that of a cookie; ws_client_hash is that of the WebSocket that waits for how it ends. Secrets are sealed with the environment''s key until it is taken.';
create index oauth_flows_environment on syncline.oauth_flows (environment_id);
create index oauth_flows_integration on syncline.oauth_flows (integration_id);
create index oauth_flows_session on syncline.oauth_flows (connect_session_id) where connect_session_id is not null;
create index oauth_flows_ws_client on syncline.oauth_flows (ws_client_hash) where ws_client_hash is not null;
create index oauth_flows_expired on syncline.oauth_flows (expires_at);
alter table syncline.oauth_flows enable row level security;
