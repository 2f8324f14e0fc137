-- 08_key.sql: wrapped data keys, for the process that holds the master keys.
-- Promise: a row is wrapped anew only if it is still wrapped as it was read, and at no moment by nothing.
create or replace function syncline.find_connection_key(p_connection int)
returns table (wrapped bytea, master_key_id text)
language sql stable
begin atomic
  select k.wrapped, k.master_key_id from syncline.data_keys k where k.connection_id = p_connection;
end;
comment on function syncline.find_connection_key(int) is 'The wrapped data key of a connection; no row when it was shredded.';

create or replace function syncline.find_environment_key(p_environment int)
returns table (wrapped bytea, master_key_id text)
language sql stable
begin atomic
  select k.wrapped, k.master_key_id from syncline.data_keys k where k.environment_id = p_environment and k.connection_id is null;
end;
comment on function syncline.find_environment_key(int) is 'The wrapped data key of an environment; no row when it was shredded.';

create or replace function syncline.list_data_keys(p_after int, p_limit int, p_connections boolean)
returns table (id int, wrapped bytea, master_key_id text)
language sql stable
begin atomic
  select k.id, k.wrapped, k.master_key_id
    from syncline.data_keys k
   where k.id > p_after and (p_connections or k.connection_id is null)
   order by k.id
   limit p_limit;
end;
comment on function syncline.list_data_keys(int, int, boolean) is 'Wrapped data keys after one by id: of environments and connections, or of environments alone.';

create or replace function syncline.lock_keys_to_wrap(p_master_key_id text, p_after int, p_limit int)
returns table (id int, wrapped bytea, master_key_id text)
language sql volatile
begin atomic
  select k.id, k.wrapped, k.master_key_id
    from syncline.data_keys k
   where k.id > p_after and k.master_key_id <> p_master_key_id
   order by k.id
   limit p_limit
     for no key update skip locked;
end;
comment on function syncline.lock_keys_to_wrap(text, int, int) is 'Lock data keys after one by id that another master key than this wraps; those somebody else holds are left out.';

create or replace function syncline.wrap_keys(p_ids int[], p_old bytea[], p_new bytea[], p_master_key_id text) returns int
language sql volatile
begin atomic
  with changed as (
    update syncline.data_keys k
       set wrapped = n.new, master_key_id = p_master_key_id
      from unnest(p_ids, p_old, p_new) as n (id, old, new)
     where k.id = n.id and k.wrapped = n.old
    returning k.id)
  select count(*)::int from changed;
end;
comment on function syncline.wrap_keys(int[], bytea[], bytea[], text) is 'Keep data keys as this master key wraps them, each where it is still wrapped as before; how many.';
