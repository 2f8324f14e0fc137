-- 37_landing_table.sql: which table of the user's a mapping may deliver into, and by which key.
-- Whoever may deploy may not write anywhere: an operator allows a table for an environment. A landing (a stream whose live
-- records are rows of such a table) has a unique index over columns that say whose row it is, so no two landings share a row.
create or replace function syncline.landing_table(p_name text) returns text
language plpgsql immutable as $$
declare
  v_parts text[];
begin
  begin
    v_parts := parse_ident(p_name);
  exception when invalid_parameter_value then
    v_parts := null;
  end;
  if cardinality(v_parts) is distinct from 2 then
    raise exception using errcode = 'SL004', message = format('"%s" is not the name of a table', p_name),
      hint = 'Write schema and table: crm.contacts';
  end if;
  return format('%I.%I', v_parts[1], v_parts[2]);
end $$;
comment on function syncline.landing_table(text) is 'The name of a table as it is kept, with its schema; SL004 when there is none.';

create or replace function syncline.check_landing_table(p_table text) returns oid
language plpgsql stable as $$
declare
  v_schema text := (parse_ident(p_table))[1];
  v_relation pg_class;
begin
  if v_schema in ('syncline', 'api', 'records', 'information_schema') or v_schema like 'pg\_%' or v_schema like 'graphile\_%' then
    raise exception using errcode = 'SL004', message = format('tables of schema "%s" are not delivered into', v_schema),
      hint = 'Use a schema of your own.';
  end if;
  select c.* into v_relation from pg_class c where c.oid = to_regclass(p_table);
  if v_relation.oid is null then
    raise exception using errcode = 'SL004', message = format('there is no table %s', p_table), hint = 'Create it first.';
  end if;
  if v_relation.relkind not in ('r', 'p') or v_relation.relpersistence <> 'p' then
    raise exception using errcode = 'SL004', message = format('%s is not an ordinary table', p_table),
      hint = 'A view, a foreign, a temporary or an unlogged table does not commit, or does not last, as records do.';
  end if;
  if exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = v_relation.oid and d.deptype = 'e') then
    raise exception using errcode = 'SL004', message = format('%s belongs to an extension', p_table);
  end if;
  if not (has_schema_privilege(v_schema, 'usage') and has_table_privilege(v_relation.oid, 'select')
    and has_table_privilege(v_relation.oid, 'insert') and has_table_privilege(v_relation.oid, 'update')
    and has_table_privilege(v_relation.oid, 'delete')) then
    raise exception using errcode = 'SL004', message = format('role "%s" may not write to %s', current_user, p_table),
      hint = format('grant usage on schema %I to %I; grant select, insert, update, delete on %s to %2$I;', v_schema, current_user, p_table);
  end if;
  return v_relation.oid;
end $$;
comment on function syncline.check_landing_table(text) is 'The relation of a table that can be delivered into; SL004 that says why it cannot.';

create or replace function syncline.allow_delivery(p_environment text, p_table text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_table text := syncline.landing_table(p_table);
begin
  perform syncline.check_landing_table(v_table);
  insert into syncline.landing_tables (environment_id, table_name)
  select e.id, v_table from syncline.environments e where e.name = p_environment and e.deleted_at is null
      on conflict do nothing;
  if not exists (
    select from syncline.landing_tables a join syncline.environments e on e.id = a.environment_id
     where e.name = p_environment and e.deleted_at is null and a.table_name = v_table) then
    raise exception using errcode = 'SL002', message = format('no such environment: "%s"', p_environment);
  end if;
  return v_table;
end $$;
comment on function syncline.allow_delivery(text, text) is 'Let functions of an environment deliver into a table of yours; its name as it is kept. Example: select syncline.allow_delivery(''prod'', ''crm.contacts'');';

create or replace function syncline.release_landings(p_landings bigint[]) returns int
language plpgsql volatile as $$
begin
  -- A save holds the stream and looks for its landing under that lock.
  perform from syncline.streams s where s.id in (select n.stream_id from syncline.landings n where n.id = any (p_landings)) order by s.id for no key update;
  with gone as (
    delete from syncline.landings n where n.id = any (p_landings) returning n.stream_id
  )
  update syncline.streams s set lands = false from gone g where s.id = g.stream_id;
  return cardinality(p_landings);
end $$;
comment on function syncline.release_landings(bigint[]) is 'End landings; their tables stay as they are. How many.';

create or replace function syncline.forbid_delivery(p_environment text, p_table text) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_table text := syncline.landing_table(p_table);
  v_environment int;
  v_count int;
begin
  select a.environment_id into v_environment
    from syncline.landing_tables a join syncline.environments e on e.id = a.environment_id
   where e.name = p_environment and e.deleted_at is null and a.table_name = v_table
     for update of a; -- no landing is opened meanwhile
  if v_environment is null then
    raise exception using errcode = 'SL002', message = format('delivery into %s is not allowed for "%s"', v_table, p_environment);
  end if;
  v_count := syncline.release_landings(array(
    select n.id from syncline.landings n where n.environment_id = v_environment and n.table_name = v_table));
  delete from syncline.landing_tables a where a.environment_id = v_environment and a.table_name = v_table;
  return v_count;
end $$;
comment on function syncline.forbid_delivery(text, text) is 'From now on functions of an environment may not deliver into a table, which stays as it is; how many streams did. Functions that still want to fail. Example: select syncline.forbid_delivery(''prod'', ''crm.contacts'');';

create or replace function syncline.landing_key(p_relation oid, p_columns jsonb) returns text[]
language sql stable
begin atomic
  -- The widest: where two mappings share a table, what tells them apart must be in the key of both.
  select k.columns
    from pg_index i
   cross join lateral (
     select array_agg(a.attname::text order by c.o) as columns, array_agg(p_columns ->> a.attname order by c.o) as sources
       from unnest(i.indkey::smallint[]) with ordinality as c (attnum, o)
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = c.attnum
      where c.o <= i.indnkeyatts) k
   where i.indrelid = p_relation and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
     and k.sources @> '{$id,$connectionId}'
     and k.sources <@ '{$id,$connectionId,$integration,$environment,$variant}'
   order by cardinality(k.columns) desc, k.columns
   limit 1;
end;
comment on function syncline.landing_key(oid, jsonb) is 'The columns of a unique index that say whose row it is and of which record; null when a table has none.';

create or replace function syncline.check_landing_column(p_relation oid, p_column text, p_source text) returns text
language plpgsql stable as $$
declare
  v_column pg_attribute;
  v_type name;
  v_is_name boolean := p_source in ('$id', '$connectionId', '$integration', '$environment', '$variant');
begin
  select a.* into v_column from pg_attribute a
   where a.attrelid = p_relation and a.attname = p_column and a.attnum > 0 and not a.attisdropped;
  if v_column.attnum is null then
    return 'the table has no such column';
  elsif v_column.attgenerated <> '' or v_column.attidentity = 'a' then
    return 'Postgres makes this column''s values itself';
  end if;
  select b.typname into v_type
    from pg_type t join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid) where t.oid = v_column.atttypid;
  -- Two names that a type or a collation takes for one would share a row.
  if v_is_name and v_type not in ('text', 'varchar') then
    return format('%s is a text, the column a %s', p_source, format_type(v_column.atttypid, v_column.atttypmod));
  elsif v_is_name and exists (select from pg_collation c where c.oid = v_column.attcollation and not c.collisdeterministic) then
    return format('%s needs a collation that tells all texts apart', p_source);
  elsif p_source in ('$firstSeenAt', '$lastModifiedAt') and v_type not in ('timestamptz', 'timestamp', 'date', 'text', 'varchar') then
    return format('%s is a time, the column a %s', p_source, format_type(v_column.atttypid, v_column.atttypmod));
  elsif p_source = '$record' and v_type not in ('json', 'jsonb', 'text', 'varchar') then
    return format('%s is a JSON document, the column a %s', p_source, format_type(v_column.atttypid, v_column.atttypmod));
  end if;
  return null;
end $$;
comment on function syncline.check_landing_column(oid, text, text) is 'What keeps a column from taking a source, in words; null when nothing is known to.';
