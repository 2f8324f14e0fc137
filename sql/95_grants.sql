-- 95_grants.sql: who may do what. Everything is listed; nothing is given by default: what is not named here is for the owner
-- of the schema alone, the server, which makes and calls all functions. The last file that may make any.
-- Roles that cannot log in; give the last two to users who can (grant syncline_support to ann).
--   syncline_app       reads what GraphQL shows of the environment its session is set to.
--   syncline_app_writer  also calls GraphQL's mutations there.
--   syncline_support   reads everything but secrets: nothing sealed or wrapped, no hash of a key or token, no record's content,
--                      no webhook's body, no free document that an app or admin may keep secrets in (config, metadata).
--   syncline_operator  also decides: the functions below act with the owner's rights, the tables stay closed. Of the settings
--                      it may change speeds and limits; how long data is kept is the owner's. With the master key it opens
--                      records in SQL (53_unlock.sql): it reads what is sealed, which is nothing without the key.
create or replace function syncline.revoke_all() returns void
language plpgsql volatile as $$
declare
  v_role text;
  v_table regclass;
begin
  revoke all on all functions in schema syncline, api from public;
  for v_role in
    select quote_ident(r.rolname) from pg_catalog.pg_roles r where r.rolname in ('syncline_app', 'syncline_app_writer', 'syncline_support', 'syncline_operator')
  loop
    execute format('revoke all on schema syncline, api from %s', v_role);
    execute format('revoke all on all functions in schema syncline, api from %s', v_role);
    -- Not "all tables": a day's partition of the log may go away meanwhile.
    for v_table in
      select c.oid::regclass from pg_catalog.pg_class c
       where c.relnamespace in ('syncline'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v') and not c.relispartition
    loop
      execute format('revoke all on %s from %s', v_table, v_role);
    end loop;
  end loop;
end $$;
comment on function syncline.revoke_all() is 'Take all rights on both schemas from our roles and from public.';

create or replace function syncline.app_columns()
returns table (table_name text, columns text)
language sql immutable parallel safe
begin atomic
  -- A row's environment and what the views join by are read too, whether shown or not.
  select v.name, v.columns
    from (values
      ('environments', 'id, uid, name, created_at, deleted_at'),
      ('integrations', 'id, environment_id, unique_key, provider, display_name, forward_webhooks, created_at, updated_at, deleted_at'),
      ('connections', 'id, environment_id, integration_id, connection_id, auth_mode, credentials_expire_at, metadata, tags, end_user,
        webhook_url_override, created_at, updated_at, last_fetched_at, deleted_at'),
      ('connection_auth', 'connection_id, exhausted_at, error, error_log_id'),
      ('functions', 'id, environment_id, integration_id, kind, name, version, definition, models, auto_start, track_deletes,
        is_active, deployed_at, source, source_code'),
      ('syncs', 'id, uid, environment_id, connection_id, function_id, name, variant, state, frequency, frequency_override, next_run_at,
        last_run_id, last_success_at, consecutive_failures, stalled_at, delete_limit_share, delete_limit_rows, created_at, deleted_at'),
      ('runs', 'id, environment_id, connection_id, sync_id, function_id, kind, origin, state, due_at, created_at, started_at,
        finished_at, attempt, token, sync_type, checkpoint_from, checkpoint_to, error'),
      ('checkpoints', 'connection_id, kind, name, variant, value, run_id, updated_at'),
      ('streams', 'id, environment_id, connection_id, model, variant, head, records, last_change_at, created_at, retired_at'),
      ('run_streams', 'run_id, stream_id, added, updated, deleted, unchanged'),
      ('refreshes', 'id, stream_id, sync_id, run_id, state, live, missing, deleted, opened_at, ended_at'),
      ('outbox', 'id, uid, environment_id, connection_id, run_id, kind, url, body, state, attempts, next_attempt_at, created_at, ended_at,
        lane, lane_id, inbox_id'),
      ('webhook_endpoints', 'id, environment_id, url, circuit, consecutive_failures, probe_at, blocked_until, paused_at, last_success_at,
        last_failure_at, last_status, last_error'),
      ('webhook_lanes', 'id, endpoint_id'),
      ('inbox', 'id, uid, environment_id, integration_id, received_at, verdict, reason, delivery_id, bytes, parts, has_content, state,
        matched, replays, duplicates, last_duplicate_at, handled_at'),
      ('inbox_matches', 'inbox_id, connection_id, parts, is_manual'),
      ('webhook_calls', 'id, environment_id, inbox_id, connection_id, sync_id, run_id, part, replay, subscription, state, attempts,
        due_at, error, created_at, ended_at'),
      ('deliveries', 'id, outbox_id, attempt, at, status, ms, error'),
      ('logs', 'id, environment_id, connection_id, sync_id, run_id, at, kind, level, message, detail'),
      ('audit_log', 'id, environment_id, at, actor_kind, actor_id, actor_name, ip, action, subject_kind, subject_id, subject_name, fields'),
      -- Payloads are sealed: the server opens them with keys that this role cannot read.
      ('records', 'stream_id, external_id, pos, first_seen_at, last_modified_at, last_action, deleted_at, pruned_at, payload')
    ) as v (name, columns);
end;
comment on function syncline.app_columns() is 'The columns that the application role may read, by table.';

create or replace function syncline.grant_app() returns void
language plpgsql volatile as $$
declare
  v_one record;
begin
  grant usage on schema api, syncline to syncline_app, syncline_app_writer;
  grant select on all tables in schema api to syncline_app;
  for v_one in select c.table_name, c.columns from syncline.app_columns() c loop
    execute format('grant select (%s) on syncline.%I to syncline_app', v_one.columns, v_one.table_name);
  end loop;
  -- What the views are made of.
  grant execute on function
    syncline.now, syncline.current_environment, syncline.run_number, syncline.next_tick, syncline.status_of_run, syncline.status_of_sync,
    syncline.event_types, syncline.describe_lookup, syncline.describe_lookups
    to syncline_app;
  -- What pages of records are read with.
  grant execute on function
    syncline.find_connections, syncline.find_stream, syncline.first_position_since, syncline.read_records, syncline.read_pages
    to syncline_app;
  -- Every function of schema api changes something.
  perform syncline.join_role('syncline_app', 'syncline_app_writer');
  grant execute on all functions in schema api to syncline_app_writer;
end $$;
comment on function syncline.grant_app() is 'The rights of the application''s two roles.';

create or replace function syncline.grant_watching() returns void
language plpgsql volatile as $$
begin
  grant execute on function
    syncline.find_stream, syncline.first_position_since, syncline.read_records, syncline.watched_sync,
    syncline.watched_head, syncline.watched_runs, syncline.newest_run, syncline.watched_logs
    to syncline_app;
end $$;
comment on function syncline.grant_watching() is 'What the application role calls for subscriptions.';

create or replace function syncline.grant_tables() returns void
language plpgsql volatile as $$
begin
  grant usage on schema syncline to syncline_support, syncline_operator;
  grant select on
    syncline.settings, syncline.functions, syncline.models, syncline.syncs, syncline.workers, syncline.runs, syncline.checkpoints, syncline.streams,
    syncline.run_streams, syncline.refreshes, syncline.refresh_seen, syncline.refresh_missing, syncline.deliveries, syncline.logs,
    syncline.webhook_endpoints, syncline.webhook_lanes, syncline.inbox_matches, syncline.webhook_calls, syncline.locks, syncline.rate_limits, syncline.migrations, syncline.sql_files,
    syncline.sync_overview, syncline.run_overview, syncline.stream_overview, syncline.stuck_runs, syncline.queue_depth,
    syncline.worker_overview, syncline.connection_auth, syncline.connection_auth_overview, syncline.connection_health, syncline.webhook_health, syncline.slow_functions,
    syncline.audit_log, syncline.audit_overview, syncline.landing_tables, syncline.landings, syncline.delivery_overview,
    syncline.inbox_overview, syncline.webhook_call_overview
    to syncline_support, syncline_operator;
  grant select (
    id, uid, name, webhook_url_primary, webhook_url_secondary, on_auth_creation, on_auth_refresh_error, on_sync_error,
    on_sync_completion_always, on_async_action_completion, on_connection_deletion, created_at, record_validation, deleted_at)
    on syncline.environments to syncline_support, syncline_operator;
  grant select (id, environment_id, display_name, scopes, created_at, revoked_at) on syncline.api_keys to syncline_support, syncline_operator;
  grant select (
    id, environment_id, unique_key, provider, display_name, forward_webhooks, created_at, updated_at, deleted_at)
    on syncline.integrations to syncline_support, syncline_operator;
  grant select (
    id, environment_id, integration_id, connection_id, auth_mode, credentials_expire_at, tags, end_user, webhook_url_override,
    created_at, updated_at, last_fetched_at, deleted_at)
    on syncline.connections to syncline_support, syncline_operator;
  grant select (id, environment_id, connection_id, master_key_id, created_at) on syncline.data_keys to syncline_support, syncline_operator;
  grant select (
    pos, run_id, first_seen_at, last_modified_at, deleted_at, pruned_at, stream_id, last_action, external_id)
    on syncline.records to syncline_support, syncline_operator;
  grant select (
    pos, run_id, first_seen_at, valid_from, valid_to, deleted_at, pruned_at, stream_id, last_action, external_id)
    on syncline.record_versions to syncline_support, syncline_operator;
  grant select (
    id, uid, environment_id, connection_id, run_id, kind, url, state, attempts, next_attempt_at, token, created_at, ended_at, lane,
    lane_id, inbox_id)
    on syncline.outbox to syncline_support, syncline_operator;
  grant select (
    id, uid, environment_id, integration_id, received_at, verdict, reason, delivery_id, bytes, parts, state, replays, duplicates,
    last_duplicate_at, matched, handled_at, replay_target, has_content)
    on syncline.inbox to syncline_support, syncline_operator;
  grant select (environment_id, name, created_at, updated_at) on syncline.environment_variables to syncline_support, syncline_operator;
  grant select (
    id, uid, environment_id, connection_id, name, is_async, idempotency_key, max_retries, state, attempts, due_at, run_id, error,
    created_at, ended_at)
    on syncline.actions to syncline_support, syncline_operator;
  grant select (
    id, environment_id, connection_id, allowed_integrations, end_user, tags, created_at, expires_at, used_at, made_connection_id)
    on syncline.connect_sessions to syncline_support, syncline_operator;
  grant select (
    id, uid, environment_id, integration_id, connect_session_id, kind, redirect_uri, requested_at, expires_at, taken_at, ended_at,
    connection_name, is_pending, error_type, error_desc)
    on syncline.oauth_flows to syncline_support, syncline_operator;
  grant select (id, environment_id, kind, integration, function_name, function_type, state, started_at, ended_at)
    on syncline.function_jobs to syncline_support, syncline_operator;
end $$;
comment on function syncline.grant_tables() is 'What support and operators read.';

create or replace function syncline.grant_functions() returns void
language plpgsql volatile as $$
begin
  -- What reads with the caller's rights, and what the views are made of.
  grant execute on function
    syncline.now, syncline.wall_clock, syncline.help, syncline.error_codes, syncline.environment_id, syncline.list_environments,
    syncline.list_integrations, syncline.resolve_integration, syncline.resolve_connection, syncline.resolve_syncs, syncline.find_sync,
    syncline.check_sync, syncline.live_run, syncline.next_tick, syncline.parse_frequency, syncline.format_frequency,
    syncline.auth_remedy, syncline.format_span, syncline.count_workers, syncline.milliseconds_until, syncline.current_rate_limits, syncline.rate_limit_wait,
    syncline.status_of_run, syncline.describe_result, syncline.count_live, syncline.sync_status, syncline.list_logs, syncline.list_audit,
    syncline.reasons_of_account, syncline.reasons_of_run, syncline.reasons_of_schedule, syncline.reasons_of_webhooks, syncline.why_waiting,
    syncline.webhook_last_answer, syncline.first_of_lane, syncline.reasons_of_endpoint, syncline.reasons_of_lane, syncline.why_webhook_waits,
    syncline.check_invariants, syncline.broken_histories, syncline.rotate_keys_status, syncline.first_position_since, syncline.check_server, syncline.check_credentials, syncline.check_roles,
    syncline.may_become, syncline.preview_undo,
    syncline.event_types, syncline.describe_lookup, syncline.describe_lookups, syncline.last_calls, syncline.has_failed,
    syncline.reasons_at_the_door, syncline.reasons_of_match, syncline.reasons_of_call, syncline.reasons_of_forward, syncline.why_event,
    syncline.events_with_failures, syncline.events_to_replay, syncline.count_replay
    to syncline_support, syncline_operator;
  -- What decides, with the owner's rights.
  grant execute on function
    syncline.trigger_sync, syncline.trigger_one, syncline.start_sync, syncline.start_one, syncline.pause_sync, syncline.pause_one,
    syncline.set_frequency, syncline.set_frequency_one, syncline.reset_sync, syncline.cancel_run, syncline.requeue_run,
    syncline.approve_deletes, syncline.discard_deletes, syncline.replay_webhook, syncline.replay_delivery,
    syncline.replay_webhooks, syncline.pause_endpoint, syncline.resume_endpoint, syncline.probe_endpoint,
    syncline.lift_rate_limits, syncline.retry_renewal, syncline.prune, syncline.allow_delivery, syncline.forbid_delivery, syncline.refill_delivery,
    syncline.undo_run, syncline.replay_event, syncline.replay_events, syncline.attribute_event, syncline.retry_webhook_call
    to syncline_operator;
  grant update (
    lease, time_slice, max_run_attempts, max_idle_interrupts, webhook_max_attempts, webhook_first_retry, webhook_last_retry,
    webhook_endpoint_concurrency, webhook_circuit_failures, webhook_first_probe, webhook_last_probe,
    sync_timeout, action_timeout, event_timeout, async_action_start_within, delivery_lock_timeout, webhook_call_timeout,
    webhook_call_attempts, inbox_dedupe_window)
    on syncline.settings to syncline_operator;
end $$;
comment on function syncline.grant_functions() is 'What support and operators call, and the settings that operators change.';

create or replace function syncline.grant_records() returns void
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hashtext('syncline.make_record_view')); -- no view comes or goes meanwhile
  -- Sealed texts and wrapped keys: worth nothing without the master key, which an operator may hold or not.
  grant select (hash, payload) on syncline.records to syncline_operator;
  grant select (wrapped) on syncline.data_keys to syncline_operator;
  grant execute on function
    syncline.unlock, syncline.lock_session, syncline.warn_of_key_leaks, syncline.open_record, syncline.open_connection_key,
    syncline.unwrap_key, syncline.encrypt_blocks, syncline.counter_blocks, syncline.ghash, syncline.xor_bytes, syncline.hmac_pads,
    syncline.hmac_sha256, syncline.derive_key, syncline.storable_json
    to syncline_operator;
  grant usage on schema records to syncline_operator;
  grant select on all tables in schema records to syncline_operator;
end $$;
comment on function syncline.grant_records() is 'What an operator needs to read records by SQL; a view made later is granted to all who may use schema records.';

create or replace function syncline.apply_grants() returns void
language plpgsql volatile as $$
begin
  perform syncline.revoke_all();
  -- Both exist before either is given anything.
  if syncline.make_role('syncline_app', true) and syncline.make_role('syncline_app_writer', true) then
    perform syncline.grant_app();
    perform syncline.grant_watching();
  end if;
  if syncline.make_role('syncline_support', false) and syncline.make_role('syncline_operator', false) then
    perform syncline.grant_tables();
    perform syncline.grant_functions();
    perform syncline.grant_records();
  end if;
end $$;
comment on function syncline.apply_grants() is 'Make the roles where that is allowed, and give them their rights and no others.';

select syncline.apply_grants();
select syncline.apply_policies();
