-- why: an environment says whether records that do not match their model are refused, let through and logged, or not looked at
-- breaking: no
set local lock_timeout = '5s';
alter table syncline.environments
  add column record_validation text not null default 'warn',
  add constraint environments_record_validation_is_known check (record_validation in ('off', 'warn', 'enforce'));
