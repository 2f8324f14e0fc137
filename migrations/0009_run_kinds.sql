-- why: actions and event functions run like syncs, but for a connection alone: their runs name the function, no sync
-- breaking: no
alter table syncline.settings
  add column sync_timeout   interval not null default '24 h',
  add column action_timeout interval not null default '15 min',
  add column event_timeout  interval not null default '5 min',
  add constraint settings_timeouts_fit_a_timer check (
    sync_timeout between '1 s' and '20 days' and action_timeout between '1 s' and '20 days' and event_timeout between '1 s' and '20 days');

-- A run that names its function alone says nothing without it.
alter table syncline.runs
  drop constraint runs_function_id_fkey,
  add constraint runs_function_id_fkey foreign key (function_id) references syncline.functions on delete cascade,
  drop constraint runs_of_syncs_name_their_sync,
  add constraint runs_name_either_their_sync_or_just_their_function check (
    case when kind in ('sync', 'webhook') then sync_id is not null else sync_id is null and function_id is not null end),
  add constraint runs_interrupted_ones_are_of_syncs check (state <> 'interrupted' or sync_id is not null),
  drop constraint runs_origin_is_known,
  add constraint runs_origin_is_known check (origin in ('schedule', 'trigger', 'start', 'continuation', 'webhook', 'api', 'event'));
