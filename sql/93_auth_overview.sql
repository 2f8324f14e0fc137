-- 93_auth_overview.sql: how fresh the credentials of connections are, and what to do where they are not.
create or replace view syncline.connection_auth_overview with (security_invoker = true) as
select e.name as environment,
       i.unique_key as integration,
       n.connection_id as connection,
       i.provider,
       n.auth_mode,
       case
         when a.exhausted_at is not null then 'given up'
         when a.failed_at is not null then 'failing'
         when a.lease_until > syncline.now() then 'being renewed'
         when a.renew_at <= syncline.now() then 'renewed at the next use'
         else 'ok'
       end as status,
       coalesce(a.error ->> 'description', a.error ->> 'type') as error,
       (a.error ->> 'since')::timestamptz as failing_since,
       a.failing_days,
       a.failed_at,
       a.exhausted_at,
       a.issued_at,
       a.renew_at,
       n.credentials_expire_at as expire_at,
       a.checked_at,
       a.due_at,
       a.version,
       syncline.auth_remedy(a) as remedy,
       n.id as connection_id,
       n.integration_id,
       n.environment_id
  from syncline.connections n
  join syncline.connection_auth a on a.connection_id = n.id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.environments e on e.id = n.environment_id
 where n.deleted_at is null;
comment on view syncline.connection_auth_overview is 'One row per connection: how fresh its credentials are, and what to do where they are not. Example: select * from syncline.connection_auth_overview where status in (''failing'', ''given up'');';
comment on column syncline.connection_auth_overview.provider is 'Provider of the integration.';
comment on column syncline.connection_auth_overview.auth_mode is 'Kind of its credentials.';
comment on column syncline.connection_auth_overview.status is 'given up: renewing or testing failed on 4 days; failing: it failed last time; being renewed; renewed at the next use; ok.';
comment on column syncline.connection_auth_overview.error is 'Why it failed last.';
comment on column syncline.connection_auth_overview.failing_since is 'When it failed first after the last success.';
comment on column syncline.connection_auth_overview.failing_days is 'On how many days in UTC it failed since the last success; with 4 it is given up.';
comment on column syncline.connection_auth_overview.failed_at is 'When it failed last.';
comment on column syncline.connection_auth_overview.exhausted_at is 'When it was given up.';
comment on column syncline.connection_auth_overview.issued_at is 'When these credentials were stored.';
comment on column syncline.connection_auth_overview.renew_at is 'From when they are renewed before use; null: never.';
comment on column syncline.connection_auth_overview.expire_at is 'When they end; null: never.';
comment on column syncline.connection_auth_overview.checked_at is 'When renewing or testing them last succeeded.';
comment on column syncline.connection_auth_overview.due_at is 'When they are looked at next though nobody uses them.';
comment on column syncline.connection_auth_overview.version is 'Grows with each set of credentials.';
comment on column syncline.connection_auth_overview.remedy is 'What to do; null: nothing.';
comment on column syncline.connection_auth_overview.connection_id is 'Id of its row: for retry_renewal.';
