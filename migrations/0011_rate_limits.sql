-- why: a limit that one run met is known to all others of the same provider account before they meet it
-- breaking: no
create table syncline.rate_limits (
  id             bigint      generated always as identity primary key,
  environment_id int         not null references syncline.environments on delete cascade,
  integration_id int         not null references syncline.integrations on delete cascade,
  connection_id  int         references syncline.connections on delete cascade,
  host           text        not null,
  part           text        not null default '',
  blocked_until  timestamptz not null,
  remaining      int,
  source         text        not null,
  learned_at     timestamptz not null default syncline.now(),
  constraint rate_limits_one_per_bucket unique nulls not distinct (integration_id, connection_id, host, part),
  constraint rate_limits_source_is_known check (source in ('refused', 'used_up')),
  constraint rate_limits_block_for_a_day_at_most check (blocked_until <= learned_at + interval '1 day')
);
comment on table syncline.rate_limits is 'One row per bucket in which a provider limited us: nothing is sent before blocked_until. Of one connection, or (null) of all of an integration.';
create index rate_limits_blocked on syncline.rate_limits (blocked_until);
create index rate_limits_connection on syncline.rate_limits (connection_id) where connection_id is not null;
alter table syncline.rate_limits enable row level security;
