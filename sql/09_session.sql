-- 09_session.sql: for whom a session reads.
create or replace function syncline.current_environment() returns int
language sql stable parallel safe
return nullif(current_setting('syncline.environment', true), '')::int;
comment on function syncline.current_environment() is 'The environment this session, or transaction, reads for: set syncline.environment. Null: none.';
