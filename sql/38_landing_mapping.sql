-- 38_landing_mapping.sql: which mapping may deliver into which table.
-- Promise: no row of a table can be of two mappings, and so not of two integrations or two environments.
create or replace function syncline.landing_owner(p_integration int, p_function text, p_model text) returns text
language sql stable
return (
  select format('%s of %s/%s in "%s"', p_model, i.unique_key, p_function, e.name)
    from syncline.integrations i join syncline.environments e on e.id = i.environment_id where i.id = p_integration
);
comment on function syncline.landing_owner(int, text, text) is 'A mapping in words.';

create or replace function syncline.list_mappings(p_table text)
returns table (environment_id int, integration_id int, function_name text, model text, columns jsonb)
language sql stable
begin atomic
  select f.environment_id, f.integration_id, f.name, d.key, d.value -> 'columns'
    from syncline.functions f cross join lateral jsonb_each(f.definition -> 'deliver') d
   where f.is_active and f.definition ? 'deliver' and syncline.landing_table(d.value ->> 'table') = p_table
  union
  select n.environment_id, n.integration_id, n.function_name, n.model, n.columns from syncline.landings n where n.table_name = p_table;
end;
comment on function syncline.list_mappings(text) is 'The mappings into a table: of functions in use, and of landings that are open.';

create or replace function syncline.find_landing_rival(
  p_table text, p_relation oid, p_integration int, p_function text, p_model text, p_columns jsonb) returns text
language sql stable
return (
  select syncline.landing_owner(o.integration_id, o.function_name, o.model)
    from syncline.list_mappings(p_table) o
    join syncline.integrations i on i.id = p_integration
   where (o.integration_id, o.function_name, o.model) is distinct from (p_integration, p_function, p_model)
     and not exists (
       select from unnest(syncline.landing_key(p_relation, p_columns)) as k (name)
        where k.name = any (syncline.landing_key(p_relation, o.columns)) and o.columns ->> k.name = p_columns ->> k.name
          and p_columns ->> k.name = case
            when o.environment_id <> i.environment_id then '$environment'
            when o.integration_id <> p_integration then '$integration' end)
   order by 1
   limit 1
);
comment on function syncline.find_landing_rival(text, oid, int, text, text, jsonb) is 'Another mapping into the same table whose rows could not be told from this one''s, in words; null when there is none.';

create or replace function syncline.check_landing(
  p_integration int, p_function text, p_model text, p_mapping jsonb, p_variant text)
returns table (table_name text, relation oid, key_columns text[])
language plpgsql stable as $$
declare
  v_what text := syncline.landing_owner(p_integration, p_function, p_model);
  v_other text;
  v_environment text;
  v_rival text;
  v_row record;
begin
  table_name := syncline.landing_table(p_mapping ->> 'table');
  select f.name into v_other from syncline.functions f
   where f.integration_id = p_integration and f.is_active and f.name <> p_function and f.definition ? 'deliver'
     and f.definition -> 'deliver' ? p_model;
  if v_other is not null then
    raise exception using errcode = 'SL004', message = format('%s: %s delivers the same records', v_what, v_other);
  end if;
  select e.name into v_environment from syncline.integrations i join syncline.environments e on e.id = i.environment_id
   where i.id = p_integration
     and exists (select from syncline.landing_tables a where a.environment_id = e.id and a.table_name = check_landing.table_name);
  if v_environment is null then
    raise exception using errcode = 'SL004', message = format('%s may not be delivered into %s', v_what, table_name),
      hint = format('An operator allows it, in psql: select syncline.allow_delivery(''<environment>'', %L);', table_name);
  end if;
  relation := syncline.check_landing_table(table_name);
  for v_row in
    select c.key, c.value, syncline.check_landing_column(relation, c.key, c.value) as fault
      from jsonb_each_text(p_mapping -> 'columns') c order by c.key
  loop
    if v_row.fault is not null then
      raise exception using errcode = 'SL004', message = format('%s: column "%s" of %s cannot take %s: %s', v_what, v_row.key, table_name, v_row.value, v_row.fault);
    end if;
  end loop;
  key_columns := syncline.landing_key(relation, p_mapping -> 'columns');
  if key_columns is null or (p_variant <> 'base' and not exists (
    select from unnest(key_columns) as k (name) where p_mapping -> 'columns' ->> k.name = '$variant')) then
    raise exception using errcode = 'SL004',
      message = format('%s: %s has no unique index over the columns that take $connectionId%s and $id', v_what, table_name,
        case when p_variant <> 'base' then ', $variant' else '' end),
      hint = format('For example: create unique index on %s (<column of $connectionId>, <column of $id>); of others only $integration, $environment and $variant may be in it.', table_name);
  end if;
  v_rival := syncline.find_landing_rival(table_name, relation, p_integration, p_function, p_model, p_mapping -> 'columns');
  if v_rival is not null then
    raise exception using errcode = 'SL004', message = format('%s: %s belongs to %s', v_what, table_name, v_rival),
      hint = 'Of several integrations the unique index must hold a column of $integration, of several environments one of $environment, in each mapping.';
  end if;
  return next;
end $$;
comment on function syncline.check_landing(int, text, text, jsonb, text) is 'What is known of a mapping once it is found right: its table and the key of its rows. SL004 that names mapping, column and reason when it is not.';
