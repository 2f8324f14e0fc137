-- why: credentials are renewed by one process at a time, before they end; what fails is known, and not tried for ever
-- breaking: no
set local lock_timeout = '5s';
create table syncline.connection_auth (
  connection_id int         primary key references syncline.connections on delete cascade,
  version       int         not null default 0,
  issued_at     timestamptz,
  renew_at      timestamptz,
  checked_at    timestamptz,
  lease_token   bigint      not null default 0,
  stored_token  bigint      not null default 0,
  lease_until   timestamptz,
  lease_holder  text,
  failed_at     timestamptz,
  failing_days  int         not null default 0,
  exhausted_at  timestamptz,
  error         jsonb,
  error_log_id  bigint,
  due_at        timestamptz,
  constraint connection_auth_leases_have_a_holder check ((lease_until is null) = (lease_holder is null)),
  constraint connection_auth_nothing_is_stored_before_it_was_claimed check (stored_token <= lease_token),
  constraint connection_auth_failing_days_have_a_failure check (failing_days >= 0 and (failing_days = 0 or failed_at is not null)),
  constraint connection_auth_exhausted_ones_are_left_alone check (exhausted_at is null or (failing_days > 0 and due_at is null)),
  constraint connection_auth_errors_are_objects check (jsonb_typeof(coalesce(error, '{}')) = 'object')
) with (fillfactor = 70);
comment on table syncline.connection_auth is 'One row per connection: how fresh its credentials are, who renews them now, and what became of the last try. Apart from connections, as it changes far more often.';
comment on column syncline.connection_auth.version is 'Grows with each set of credentials.';
comment on column syncline.connection_auth.issued_at is 'When they were stored.';
comment on column syncline.connection_auth.renew_at is 'From when they have to be renewed before use; null: they do not end, or cannot be renewed.';
comment on column syncline.connection_auth.checked_at is 'When renewing or testing them last succeeded.';
comment on column syncline.connection_auth.lease_token is 'Number of the last renewal that was begun.';
comment on column syncline.connection_auth.stored_token is 'Number of the renewal whose credentials stand; what an older one brings is too late.';
comment on column syncline.connection_auth.failed_at is 'When it last failed; null once it succeeded.';
comment on column syncline.connection_auth.failing_days is 'On how many days in UTC it failed since the last success.';
comment on column syncline.connection_auth.exhausted_at is 'When it was given up, until somebody connects anew.';
comment on column syncline.connection_auth.error is 'Why it last failed: type and description.';
comment on column syncline.connection_auth.error_log_id is 'The line of the log about that.';
comment on column syncline.connection_auth.due_at is 'When the background looks at it next.';
create index connection_auth_due on syncline.connection_auth (due_at) where due_at is not null;
alter table syncline.connection_auth enable row level security;

-- A day for all of those that are there, so that they do not come due at once.
insert into syncline.connection_auth (connection_id, version, issued_at, renew_at, due_at)
select n.id, 1, n.updated_at, n.credentials_expire_at - interval '15 min', syncline.now() + random() * interval '1 day'
  from syncline.connections n
 where n.deleted_at is null;
