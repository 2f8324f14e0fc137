-- 90_api.sql: what GraphQL shows of environments.
-- Promise: every view of schema api asks with the rights of the role that reads (security_invoker), so row-level security
-- decides what is there. Comments are the descriptions in the GraphQL schema; lines that begin with @ speak to PostGraphile.
create or replace view api.environments with (security_invoker) as
select e.id, e.uid, e.name, e.created_at
  from syncline.environments e
 where e.deleted_at is null;
comment on view api.environments is E'@primaryKey id\nThe environment the request''s key acts for.';
