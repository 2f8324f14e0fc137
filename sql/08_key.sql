-- 08_key.sql: wrapped data keys, for the process that holds the master key.
create or replace function syncline.find_connection_key(p_connection int) returns bytea
language sql stable
return (select k.wrapped from syncline.data_keys k where k.connection_id = p_connection);
comment on function syncline.find_connection_key(int) is 'The wrapped data key of a connection; null when it was shredded.';

create or replace function syncline.find_environment_key(p_environment int) returns bytea
language sql stable
return (select k.wrapped from syncline.data_keys k where k.environment_id = p_environment and k.connection_id is null);
comment on function syncline.find_environment_key(int) is 'The wrapped data key of an environment.';

create or replace function syncline.find_oldest_environment_key() returns bytea
language sql stable
return (select k.wrapped from syncline.data_keys k where k.environment_id is not null and k.connection_id is null order by k.environment_id limit 1);
comment on function syncline.find_oldest_environment_key() is 'The wrapped data key of the oldest environment, which any process can try its master key on; null when there is none yet.';
