-- why: an operator changes settings by SQL, and the name of a constraint is all the help that psql gives: one for each column
-- breaking: no
set local lock_timeout = '5s';

-- What could be set before and no longer can: so long, so short or so often that nobody meant it.
update syncline.settings
   set time_slice = least(time_slice, '1 day'),
       max_run_attempts = least(max_run_attempts, 100),
       max_idle_interrupts = least(max_idle_interrupts, 100),
       payload_prune_after = least(greatest(payload_prune_after, '1 min'), '10 years'), -- null, which turns it off, is passed over
       records_expire_after = least(greatest(records_expire_after, '1 min'), '10 years'),
       run_retention = least(greatest(run_retention, '1 min'), '10 years'),
       log_retention = least(log_retention, '10 years'),
       webhook_max_attempts = least(webhook_max_attempts, 100),
       webhook_first_retry = least(webhook_first_retry, '1 day'),
       webhook_last_retry = least(webhook_last_retry, '30 days'),
       action_result_retention = least(greatest(action_result_retention, '1 min'), '10 years'),
       async_action_start_within = least(greatest(async_action_start_within, '1 s'), '30 days');

alter table syncline.settings
  drop constraint settings_lease_is_at_least_a_second,
  drop constraint settings_time_slice_is_positive,
  drop constraint settings_attempts_are_positive,
  drop constraint settings_webhook_retries_grow,
  drop constraint settings_retention_is_positive,
  drop constraint settings_timeouts_fit_a_timer,
  drop constraint settings_actions_have_time,
  add constraint settings_lease_is_1_second_to_10_minutes check (lease between '1 s' and '10 min'),
  add constraint settings_time_slice_is_over_0_and_at_most_1_day check (time_slice > '0 s' and time_slice <= '1 day'),
  add constraint settings_max_run_attempts_is_1_to_100 check (max_run_attempts between 1 and 100),
  add constraint settings_max_idle_interrupts_is_1_to_100 check (max_idle_interrupts between 1 and 100),
  add constraint settings_payload_prune_after_is_1_minute_to_10_years_or_null check (payload_prune_after between '1 min' and '10 years'),
  add constraint settings_records_expire_after_is_1_minute_to_10_years_or_null check (records_expire_after between '1 min' and '10 years'),
  add constraint settings_run_retention_is_1_minute_to_10_years check (run_retention between '1 min' and '10 years'),
  add constraint settings_log_retention_is_1_day_to_10_years check (log_retention between '1 day' and '10 years'),
  add constraint settings_webhook_max_attempts_is_1_to_100 check (webhook_max_attempts between 1 and 100),
  add constraint settings_webhook_first_retry_is_over_0_and_at_most_1_day check (webhook_first_retry > '0 s' and webhook_first_retry <= '1 day'),
  add constraint settings_webhook_last_retry_is_the_first_retry_to_30_days check (webhook_last_retry between webhook_first_retry and '30 days'),
  add constraint settings_sync_timeout_is_1_second_to_20_days check (sync_timeout between '1 s' and '20 days'), -- the longest timer is 24
  add constraint settings_action_timeout_is_1_second_to_20_days check (action_timeout between '1 s' and '20 days'),
  add constraint settings_event_timeout_is_1_second_to_20_days check (event_timeout between '1 s' and '20 days'),
  add constraint settings_action_result_retention_is_1_minute_to_10_years check (action_result_retention between '1 min' and '10 years'),
  add constraint settings_async_action_start_within_is_1_second_to_30_days check (async_action_start_within between '1 s' and '30 days');

comment on table syncline.settings is 'One row: durations and limits that may be changed while everything runs, and count from then on. Null turns a retention off. Example: update syncline.settings set time_slice = ''20 min'';';
comment on column syncline.settings.only_row is 'There is one row.';
comment on column syncline.settings.lease is 'For how long a run is its worker''s after each sign of life: a dead worker''s runs go on that much later. Workers beat four times in it, as it was when they started: restart them when it gets shorter.';
comment on column syncline.settings.time_slice is 'After how long a sync that has saved a checkpoint makes room for others and goes on in a new run.';
comment on column syncline.settings.max_run_attempts is 'How many workers may die with a run before it is failed.';
comment on column syncline.settings.max_idle_interrupts is 'How many time slices in a row may end without progress before the sync counts as stalled.';
comment on column syncline.settings.payload_prune_after is 'After how long without a change a record''s payload is forgotten. Null: never.';
comment on column syncline.settings.records_expire_after is 'After how long without a run of any sync a connection''s records go. Null: never.';
comment on column syncline.settings.run_retention is 'For how long ended runs, sent webhooks and deleted connections are kept.';
comment on column syncline.settings.log_retention is 'For how long the log is kept, in whole days.';
comment on column syncline.settings.webhook_max_attempts is 'How often a webhook is tried before it is given up.';
comment on column syncline.settings.webhook_first_retry is 'How long after its first attempt a webhook is tried again.';
comment on column syncline.settings.webhook_last_retry is 'The longest wait between two attempts.';
comment on column syncline.settings.sync_timeout is 'For how long a run of a sync may take.';
comment on column syncline.settings.action_timeout is 'For how long an action may take.';
comment on column syncline.settings.event_timeout is 'For how long an event function may take.';
comment on column syncline.settings.action_result_retention is 'For how long results of actions are kept.';
comment on column syncline.settings.async_action_start_within is 'An asynchronous action that could not begin within this time has failed.';
