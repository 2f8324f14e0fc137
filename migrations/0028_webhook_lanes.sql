-- why: what is sent to one address keeps its order per stream, and an address that fails, hangs or is paused holds up no other
-- breaking: yes (older workers claim rows, not lanes)
set local lock_timeout = '5s';
alter table syncline.settings
  add column webhook_endpoint_concurrency int      not null default 8,
  add column webhook_circuit_failures     int      not null default 5,
  add column webhook_first_probe          interval not null default '1 min',
  add column webhook_last_probe           interval not null default '15 min',
  add constraint settings_webhook_endpoint_concurrency_is_1_to_1000 check (webhook_endpoint_concurrency between 1 and 1000),
  add constraint settings_webhook_circuit_failures_is_1_to_1000 check (webhook_circuit_failures between 1 and 1000),
  add constraint settings_webhook_first_probe_is_1_second_to_1_day check (webhook_first_probe between '1 s' and '1 day'),
  add constraint settings_webhook_last_probe_is_the_first_probe_to_1_day check (webhook_last_probe between webhook_first_probe and '1 day');
comment on column syncline.settings.webhook_endpoint_concurrency is 'How many webhooks may be on their way to one address at a time.';
comment on column syncline.settings.webhook_circuit_failures is 'After how many failures in a row an address is left alone but for probes.';
comment on column syncline.settings.webhook_first_probe is 'How long such an address is left alone before the first probe; twice as long after each that fails.';
comment on column syncline.settings.webhook_last_probe is 'The longest wait between two probes.';

create table syncline.webhook_endpoints (
  id                   int         generated always as identity primary key,
  environment_id       int         not null references syncline.environments on delete cascade,
  url                  text        not null,
  circuit              text        not null default 'closed',
  consecutive_failures int         not null default 0,
  opened_at            timestamptz,
  probe_at             timestamptz,
  failed_probes        int         not null default 0,
  times_opened         int         not null default 0,
  blocked_until        timestamptz,
  paused_at            timestamptz,
  last_success_at      timestamptz,
  last_failure_at      timestamptz,
  last_status          int,
  last_error           text,
  created_at           timestamptz not null default syncline.now(),
  unique (environment_id, url),
  constraint webhook_endpoints_circuit_is_known check (circuit in ('closed', 'open')),
  constraint webhook_endpoints_open_ones_are_probed check ((circuit = 'open') = (opened_at is not null) and (circuit = 'open') = (probe_at is not null)),
  constraint webhook_endpoints_counters_are_not_negative check (consecutive_failures >= 0 and failed_probes >= 0 and times_opened >= 0)
) with (fillfactor = 50);
comment on table syncline.webhook_endpoints is 'One row per environment and URL that webhooks are sent to: how it has been doing, and whether it is left alone: paused by somebody, blocked for as long as it asked, or its circuit open after failures in a row.';
alter table syncline.webhook_endpoints enable row level security;

create table syncline.webhook_lanes (
  id            bigint      generated always as identity primary key,
  endpoint_id   int         not null references syncline.webhook_endpoints on delete cascade,
  lane          text        not null,
  next_at       timestamptz not null,
  sending_until timestamptz,
  is_probe      boolean     not null default false,
  unique (endpoint_id, lane),
  constraint webhook_lanes_probes_are_sent check (not is_probe or sending_until is not null)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
comment on table syncline.webhook_lanes is 'One row per endpoint and thing whose webhooks keep their order, while some are pending: only the first of them (by outbox.id) is sent, from next_at on; sending_until is the lease of who sends it.';
create index webhook_lanes_due on syncline.webhook_lanes (endpoint_id, next_at);
create index webhook_lanes_sending on syncline.webhook_lanes (endpoint_id) where sending_until is not null;
alter table syncline.webhook_lanes enable row level security;

alter table syncline.outbox
  add column lane     text,
  add column lane_id  bigint references syncline.webhook_lanes on delete restrict,
  add column inbox_id bigint references syncline.inbox on delete set null;
alter table syncline.outbox set (fillfactor = 85); -- a claim writes no column of an index

-- What is pending goes where the same would be put today.
insert into syncline.webhook_endpoints (environment_id, url)
select distinct o.environment_id, o.url from syncline.outbox o where o.state = 'pending';
update syncline.outbox o
   set lane = case
     when o.kind = 'auth' then 'auth:' || o.connection_id
     when o.kind = 'sync' and o.body ->> 'success' = 'false' then 'sync:' || (select r.sync_id from syncline.runs r where r.id = o.run_id)
     when o.kind in ('sync', 'deletes_need_approval') then coalesce(
       (select 'stream:' || t.id from syncline.streams t
         where t.connection_id = o.connection_id and t.model = o.body ->> 'model' and t.variant = o.body ->> 'syncVariant' and t.retired_at is null),
       format('model:%s:%s:%s', o.connection_id, o.body ->> 'model', o.body ->> 'syncVariant')) end
 where o.state = 'pending';
insert into syncline.webhook_lanes (endpoint_id, lane, next_at)
select distinct on (e.id, coalesce(o.lane, o.uid::text)) e.id, coalesce(o.lane, o.uid::text), o.next_attempt_at
  from syncline.outbox o
  join syncline.webhook_endpoints e on e.environment_id = o.environment_id and e.url = o.url
 where o.state = 'pending'
 order by e.id, coalesce(o.lane, o.uid::text), o.id;
update syncline.outbox o
   set lane_id = l.id
  from syncline.webhook_endpoints e
  join syncline.webhook_lanes l on l.endpoint_id = e.id
 where o.state = 'pending' and e.environment_id = o.environment_id and e.url = o.url and l.lane = coalesce(o.lane, o.uid::text);

alter table syncline.outbox
  add constraint outbox_in_a_lane_iff_pending check ((state = 'pending') = (lane_id is not null));
drop index syncline.outbox_due;
create index outbox_lane on syncline.outbox (lane_id, id) where lane_id is not null;
create index outbox_inbox on syncline.outbox (inbox_id) where inbox_id is not null;
comment on table syncline.outbox is 'One row per webhook and destination: the body, or for a provider''s webhook the envelope and whose content it passes on, and when it is tried next. Dead ones wait for a replay.';
