-- 65_function_config.sql: what functions an environment has, for those who look at them and delete them one by one.
-- Promise: only functions in use are seen; one that a folder brought is not deleted but with that folder's next deployment.
create or replace function syncline.list_function_configs(p_environment int)
returns table (
  integration text, provider text, id int, kind text, name text, definition jsonb, source text, deployed_at timestamptz)
language sql stable
begin atomic
  select i.unique_key, i.provider, f.id, f.kind, f.name, f.definition, f.source, f.deployed_at
    from syncline.functions f
    join syncline.integrations i on i.id = f.integration_id
   where f.environment_id = p_environment and f.is_active
   order by i.unique_key, f.kind, f.name;
end;
comment on function syncline.list_function_configs(int) is 'All functions in use in an environment, by integration, kind and name.';

create or replace function syncline.match_functions(p_integration int, p_kind text, p_search text)
returns table (id int, kind text, name text)
language sql stable
begin atomic
  select f.id, f.kind, f.name
    from syncline.functions f
   where f.integration_id = p_integration and f.is_active
     and (p_kind is null or f.kind = p_kind)
     and (p_search is null or position(lower(p_search) in lower(f.name)) > 0);
end;
comment on function syncline.match_functions(int, text, text) is 'The functions in use of an integration, of a kind, with a text in their name in any case; null stands for all.';

create or replace function syncline.count_functions(p_environment int, p_unique_key text, p_kind text, p_search text) returns int
language sql stable
return (
  select count(*)::int
    from syncline.match_functions(syncline.resolve_integration(p_environment, p_unique_key), p_kind, p_search));
comment on function syncline.count_functions(int, text, text, text) is 'How many functions of an integration match. SL002 "no such integration".';

create or replace function syncline.list_functions(
  p_environment int, p_unique_key text, p_kind text, p_search text, p_limit int, p_offset int)
returns table (id int, kind text, name text, definition jsonb, source text, deployed_at timestamptz)
language sql stable
begin atomic
  select f.id, f.kind, f.name, f.definition, f.source, f.deployed_at
    from (
      select m.id
        from syncline.match_functions(syncline.resolve_integration(p_environment, p_unique_key), p_kind, p_search) m
       order by m.kind, m.name
       limit p_limit offset p_offset) m
    join syncline.functions f on f.id = m.id
   order by f.kind, f.name;
end;
comment on function syncline.list_functions(int, text, text, text, int, int) is 'A page of the functions of an integration that match, by kind and name. SL002 "no such integration".';

create or replace function syncline.find_functions(p_environment int, p_unique_key text, p_name text, p_kind text)
returns table (id int, kind text, name text, definition jsonb, source text, deployed_at timestamptz)
language sql stable
begin atomic
  select f.id, f.kind, f.name, f.definition, f.source, f.deployed_at
    from syncline.functions f
   where f.integration_id = syncline.resolve_integration(p_environment, p_unique_key)
     and f.is_active and f.name = p_name and (p_kind is null or f.kind = p_kind)
   order by f.kind;
end;
comment on function syncline.find_functions(int, text, text, text) is 'The functions in use of this name, one for each kind at most; p_kind null: of any kind. SL002 "no such integration".';

create or replace function syncline.get_function_code(p_environment int, p_function int) returns text
language sql stable
return (select f.source_code from syncline.functions f where f.environment_id = p_environment and f.id = p_function);
comment on function syncline.get_function_code(int, int) is 'A function as its author wrote it; null when it was deployed without.';

create or replace function syncline.delete_function(p_environment int, p_unique_key text, p_name text, p_kind text) returns void
language plpgsql volatile as $$
declare
  v_function record;
begin
  perform from syncline.environments e where e.id = p_environment for no key update; -- no deployment beside it
  select f.* into v_function from syncline.find_functions(p_environment, p_unique_key, p_name, p_kind) f;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such function', detail = format('%s "%s" of "%s"', p_kind, p_name, p_unique_key);
  elsif v_function.source = 'repo' then
    raise exception using errcode = 'SL005', message = 'function is managed by deploy',
      detail = format('%s "%s" of "%s"', p_kind, p_name, p_unique_key), hint = 'Remove its file and deploy the folder again.';
  end if;
  perform syncline.remove_function(v_function.id);
end $$;
comment on function syncline.delete_function(int, text, text, text) is 'Take a function out of use that was deployed alone or switched on. SL002 when there is none, SL005 when it came from a folder.';
