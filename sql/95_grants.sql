-- 95_grants.sql: who may do what. Everything is listed; nothing is given by default.
-- Three roles that cannot log in; give them to users who can (grant syncline_support to ann).
--   syncline_app       reads what GraphQL shows of the environment its session is set to.
--   syncline_support   reads everything but secrets.
--   syncline_operator  also decides: pause, cancel, requeue, approve, undo.
create or replace function syncline.apply_grants() returns void
language plpgsql volatile as $$
begin
  if syncline.make_role('syncline_app') then
    grant usage on schema api to syncline_app;
    grant usage on schema syncline to syncline_app;
    grant select (id, uid, name, created_at, deleted_at) on syncline.environments to syncline_app;
    grant select on all tables in schema api to syncline_app;
  end if;
end $$;
comment on function syncline.apply_grants() is 'Make the roles where that is allowed, and give them their rights.';

select syncline.apply_grants();
select syncline.apply_policies();
