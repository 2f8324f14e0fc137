-- why: who did what: every change of configuration, and every look at credentials
-- breaking: no
set local lock_timeout = '5s';
create table syncline.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default syncline.now(),
  environment_id int,
  environment text,
  actor_kind text not null,
  actor_id text,
  actor_name text,
  ip text,
  action text not null,
  subject_kind text not null,
  subject_id text,
  subject_name text,
  fields text[] not null default '{}',
  constraint audit_log_actor_kind_is_known check (
    actor_kind in ('api_key', 'account_key', 'connect_session', 'run', 'graphql', 'operator', 'system')),
  constraint audit_log_action_is_a_noun_and_what_happened_to_it check (action ~ '^[a-z_]+\.[a-z_]+$')
);
alter table syncline.audit_log enable row level security;
create index audit_log_listed on syncline.audit_log (environment_id, at desc, id desc);
create index audit_log_subject on syncline.audit_log (environment_id, subject_id, at desc);
comment on table syncline.audit_log is 'One row per change of configuration and per look at credentials: who, what, when. Rows are only added; past settings.audit_retention they go. Names are texts, no references: entries outlive what they are about.';

alter table syncline.settings
  add column audit_retention interval not null default '400 days',
  add constraint settings_audit_retention_is_30_days_to_10_years check (audit_retention between '30 days' and '10 years');
comment on column syncline.settings.audit_retention is 'For how long entries of the audit log are kept; nobody can delete younger ones.';
