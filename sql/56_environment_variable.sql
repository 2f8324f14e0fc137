-- 56_environment_variable.sql: settings and secrets of an environment that its functions may read.
-- Promise: a value is seen here sealed only; a variable is found by its environment and name, and by nothing else.
create or replace function syncline.set_environment_variable(p_environment int, p_name text, p_value_sealed bytea) returns boolean
language plpgsql volatile as $$
declare
  v_is_new boolean;
begin
  if coalesce(length(p_name), 0) not between 1 and 255 then
    raise exception using errcode = 'SL004', message = 'a variable''s name is a text of 1 to 255 characters';
  end if;
  if (select count(*) from syncline.environment_variables v where v.environment_id = p_environment and v.name <> p_name) >= 500 then
    raise exception using errcode = 'SL005', message = 'too many variables', hint = 'An environment has at most 500. Delete one.';
  end if;
  insert into syncline.environment_variables as v (environment_id, name, value_sealed)
  values (p_environment, p_name, p_value_sealed)
      on conflict (environment_id, name) do update set value_sealed = excluded.value_sealed, updated_at = syncline.now()
  returning v.xmax = 0 into v_is_new;
  return v_is_new;
end $$;
comment on function syncline.set_environment_variable(int, text, bytea) is 'Give a variable of an environment a value, sealed with the environment''s key for the variable''s place; true when it is new. SL005 when there are 500 others.';

create or replace function syncline.list_environment_variables(p_environment int)
returns table (name text, value_sealed bytea, created_at timestamptz, updated_at timestamptz)
language sql stable
begin atomic
  select v.name, v.value_sealed, v.created_at, v.updated_at
    from syncline.environment_variables v
   where v.environment_id = p_environment
   order by v.name;
end;
comment on function syncline.list_environment_variables(int) is 'The variables of an environment by name, their values sealed.';

create or replace function syncline.delete_environment_variable(p_environment int, p_name text) returns boolean
language plpgsql volatile as $$
begin
  delete from syncline.environment_variables v where v.environment_id = p_environment and v.name = p_name;
  return found;
end $$;
comment on function syncline.delete_environment_variable(int, text) is 'Forget a variable; false when there was none of the name.';
