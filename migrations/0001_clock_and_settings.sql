-- why: everything else stands on one schema, one clock and one row of settings
-- breaking: no
create schema syncline;
comment on schema syncline is 'Syncline: integrations, connections, syncs, runs, records, outbox and logs. Functions with comments are the manual: \df+ syncline.*';

-- The one clock. Column defaults need it, so it lives here and not in sql/.
-- stable, not volatile: as volatile it turns index scans on "due_at <= now()" into sequential ones (1.3 ms against 187 ms).
create function syncline.now() returns timestamptz
language sql stable parallel safe
return coalesce(nullif(current_setting('syncline.fake_now', true), '')::timestamptz, statement_timestamp());
comment on function syncline.now() is 'The time by which everything is decided; set syncline.fake_now moves it in tests.';

create table syncline.settings (
  only_row                 boolean  primary key default true,
  lease                    interval not null default '20 s',
  time_slice               interval not null default '10 min',
  max_run_attempts         int      not null default 5,
  max_idle_interrupts      int      not null default 3,
  payload_prune_after      interval default '30 days',
  records_expire_after     interval default '60 days',
  run_retention            interval not null default '31 days',
  log_retention            interval not null default '15 days',
  webhook_max_attempts     int      not null default 8,
  webhook_first_retry      interval not null default '10 s',
  webhook_last_retry       interval not null default '10 h',
  constraint settings_has_one_row check (only_row),
  constraint settings_lease_is_at_least_a_second check (lease between '1 s' and '10 min'),
  constraint settings_time_slice_is_positive check (time_slice > '0 s'),
  constraint settings_attempts_are_positive check (max_run_attempts > 0 and max_idle_interrupts > 0 and webhook_max_attempts > 0),
  constraint settings_webhook_retries_grow check (webhook_first_retry > '0 s' and webhook_last_retry >= webhook_first_retry),
  constraint settings_retention_is_positive check (
    coalesce(payload_prune_after, '1 day') > '0 s' and coalesce(records_expire_after, '1 day') > '0 s'
    and run_retention > '0 s' and log_retention >= '1 day')
);
comment on table syncline.settings is 'One row: durations and limits an operator may change while everything runs. Null turns a retention off.';
alter table syncline.settings enable row level security;
insert into syncline.settings default values;
