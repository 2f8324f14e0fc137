-- why: people read records by SQL, through views that follow what is deployed; opening records there takes pgcrypto
-- breaking: no
create schema if not exists records;
comment on schema records is 'A view for each integration and model with the records of all connections, made when functions are deployed. select syncline.unlock(…) shows their fields.';

-- Nothing else needs it, so wherever it is refused (no right to, not on the list of a hosted Postgres) the rest goes on without.
do $$
begin
  create extension if not exists pgcrypto schema public;
exception when others then
  raise notice 'pgcrypto was not created (%): records cannot be opened in SQL', sqlerrm;
end $$;
