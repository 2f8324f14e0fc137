-- 69_record_view.sql: a view per integration and model, typed by the models' schemas, so that records are read by SQL.
-- Promise: whatever a record holds, reading it is no error; where a value is not of its column's type there is null, and
-- `_record` has it all. Metadata needs no key; a record is opened at most once, when it passed the filters on metadata
-- and a field of it is asked for (an unused output of a subquery that is not volatile is not computed).
-- Views follow what is deployed, each in a transaction of its own, by a worker. A view that somebody reads for longer than
-- the lock timeout, or that others depend on as it is, stays until the next round of housekeeping. Its comment ends with a
-- hash of what it was made from, the functions that make it included, so only what changed is made: 500 models of 31 fields
-- are compared in 0.1-0.3 s and made in 9 s (18 ms each, mostly comments of columns) on a busy machine.
-- A migration that changes the type of a column used here drops the views of schema records first; they come again.
create or replace function syncline.shorten_name(p_name text) returns text
language sql immutable parallel safe
return (select left(p_name, n) from generate_series(54, 1, -1) n where octet_length(left(p_name, n)) <= 54 limit 1) || '_' || left(md5(p_name), 8);
comment on function syncline.shorten_name(text) is 'A long name cut to 63 bytes that end in a hash of the whole.';

create or replace function syncline.record_view_name(p_name text) returns text
language sql immutable parallel safe
return case when octet_length(p_name) <= 63 then p_name else syncline.shorten_name(p_name) end;
comment on function syncline.record_view_name(text) is 'A name that Postgres can hold: one longer than 63 bytes is shortened.';

create or replace function syncline.resolve_schema(p_schema jsonb, p_root jsonb) returns jsonb
language plpgsql immutable parallel safe as $$
declare
  v_schema jsonb := p_schema;
begin
  for hop in 1 .. 8 loop
    exit when not v_schema ? '$ref';
    v_schema := p_root #> string_to_array(substr(v_schema ->> '$ref', 3), '/');
  end loop;
  return case when jsonb_typeof(v_schema) = 'object' then v_schema else '{}' end;
end $$;
comment on function syncline.resolve_schema(jsonb, jsonb) is 'What a JSON schema says after following references inside its root; {} when that is nothing.';

create or replace function syncline.column_type_of(p_type text, p_format text) returns text
language sql immutable parallel safe
return case p_type
  when 'string' then case p_format when 'date-time' then 'timestamptz' when 'date' then 'date' else 'text' end
  when 'number' then 'numeric'
  when 'integer' then 'numeric'
  when 'boolean' then 'boolean'
  when 'null' then null
  else 'jsonb' end;
comment on function syncline.column_type_of(text, text) is 'The type of a column for a type and format of JSON schema; null for null.';

create or replace function syncline.column_type(p_schema jsonb, p_root jsonb, p_depth int default 0) returns text
language plpgsql immutable parallel safe as $$
declare
  v_schema jsonb := syncline.resolve_schema(p_schema, p_root);
  v_types text[];
begin
  if jsonb_typeof(v_schema -> 'type') = 'string' then
    return syncline.column_type_of(v_schema ->> 'type', v_schema ->> 'format');
  elsif p_depth > 8 then
    return 'jsonb';
  end if;
  with typed as (
    select syncline.column_type_of(t.name, v_schema ->> 'format') as type
      from jsonb_array_elements_text(case jsonb_typeof(v_schema -> 'type') when 'array' then v_schema -> 'type' else '[]' end) t (name)
    union
    select syncline.column_type_of(jsonb_typeof(v.value), null) from jsonb_path_query(v_schema, 'lax $.enum[*]') v (value)
     where not v_schema ? 'type'
    union
    select syncline.column_type_of(jsonb_typeof(v_schema -> 'const'), null) where v_schema ? 'const' and not v_schema ? 'type'
    union
    select syncline.column_type(m.value, p_root, p_depth + 1)
      from unnest('{anyOf,oneOf,allOf}'::text[]) k (name)
     cross join jsonb_array_elements(case jsonb_typeof(v_schema -> k.name) when 'array' then v_schema -> k.name else '[]' end) m (value)
     where not v_schema ? 'type'
  )
  select array_agg(t.type) into v_types from typed t where t.type is not null;
  return case when cardinality(v_types) > 1 then 'jsonb' else v_types[1] end;
end $$;
comment on function syncline.column_type(jsonb, jsonb, int) is 'The type of a column for values of a JSON schema: text, numeric, boolean, timestamptz, date, or jsonb for all else; null when it says nothing but null.';

create or replace function syncline.schema_fields(p_schema jsonb, p_root jsonb, p_depth int default 0)
returns table (field text, type text, description text)
language plpgsql immutable parallel safe as $$
declare
  v_schema jsonb := syncline.resolve_schema(p_schema, p_root);
begin
  if p_depth > 8 then
    return;
  end if;
  return query
    select p.key, coalesce(syncline.column_type(p.value, p_root), 'jsonb'), syncline.resolve_schema(p.value, p_root) ->> 'description'
      from jsonb_each(case jsonb_typeof(v_schema -> 'properties') when 'object' then v_schema -> 'properties' else '{}' end) p
    union
    select f.*
      from unnest('{anyOf,oneOf,allOf}'::text[]) k (name)
     cross join jsonb_array_elements(case jsonb_typeof(v_schema -> k.name) when 'array' then v_schema -> k.name else '[]' end) m (value)
     cross join syncline.schema_fields(m.value, p_root, p_depth + 1) f;
end $$;
comment on function syncline.schema_fields(jsonb, jsonb, int) is 'The fields of a model by its JSON schema, with the types of their columns; a field can come more than once.';

create or replace function syncline.model_schemas()
returns table (view_name text, integration text, model text, schema jsonb)
language sql stable
begin atomic
  select distinct syncline.record_view_name(i.unique_key || '/' || m.name), i.unique_key, m.name, f.definition -> 'models' -> m.name
    from syncline.functions f
    join syncline.integrations i on i.id = f.integration_id
   cross join unnest(f.models) m (name)
   where f.is_active and i.deleted_at is null;
end;
comment on function syncline.model_schemas() is 'The models of active functions in all environments, with the view that each belongs to.';

create or replace function syncline.stale_record_views(p_view text default null)
returns table (view_name text, wanted_hash text)
language sql stable
begin atomic
  with maker as (
    select md5(string_agg(pg_get_functiondef(p.oid), '' order by p.proname)) as hash
      from pg_proc p
     where p.pronamespace = 'syncline'::regnamespace
       and p.proname in (
         'record_view_name', 'shorten_name', 'resolve_schema', 'column_type_of', 'column_type', 'schema_fields', 'record_metadata_columns',
         'record_view_columns', 'record_view_sql', 'describe_record_view')
  ), wanted as (
    select s.view_name, md5(m.hash || coalesce(string_agg(s.schema::text, E'\n' order by s.schema::text), '')) as hash
      from maker m, syncline.model_schemas() s
     where p_view is null or s.view_name = p_view
     group by s.view_name, m.hash
  ), present as (
    select c.relname::text as view_name, substring(obj_description(c.oid, 'pg_class') from '\[definition ([0-9a-f]{32})\]$') as hash
      from pg_class c
     where c.relnamespace = to_regnamespace('records') and c.relkind = 'v' and (p_view is null or c.relname = p_view)
  )
  select coalesce(w.view_name, p.view_name), w.hash
    from wanted w
    full join present p on p.view_name = w.view_name
   where w.hash is distinct from p.hash
     and (w.hash is not null or p.hash is not null)
   order by 1;
end;
comment on function syncline.stale_record_views(text) is 'The views of schema records that are not as the active functions want them, and the hash of what they want; null: no view.';
