-- 70_make_record_view.sql: what a view over the records of a model looks like, and making it.
-- Promise: names are stable: a field keeps its name as a column, unless a metadata column has it (then _ is appended) or it is
-- longer than 63 bytes (69_record_view.sql). Whoever may use schema records may select from its views; they read with
-- the rights of who reads (security_invoker).
create or replace function syncline.record_metadata_columns()
returns table (name text, expression text, description text)
language sql immutable parallel safe
begin atomic
  select v.name, v.expression, v.description
    from (values
      ('environment', 'e.name', 'The environment''s name.'),
      ('connection_id', 'c.connection_id', 'The connection, by the id the app gave it.'),
      ('variant', 't.variant', 'The variant of the sync: base unless one was made.'),
      ('id', 'r.external_id', 'The record''s id at the provider.'),
      ('_first_seen_at', 'r.first_seen_at', 'When the record was first saved.'),
      ('_last_modified_at', 'r.last_modified_at', 'When its content last changed, or it was deleted.'),
      ('_last_action', 'case r.last_action when ''A'' then ''ADDED'' when ''U'' then ''UPDATED'' else ''DELETED'' end', 'ADDED, UPDATED or DELETED.'),
      ('_deleted_at', 'r.deleted_at', 'When it was deleted at the provider; its fields stay as they last were.'),
      ('_pruned_at', 'r.pruned_at', 'When its content was forgotten; its fields are null since.'),
      ('_cursor', 'rtrim(translate(encode(convert_to(''1.'' || r.stream_id || ''.'' || r.pos, ''UTF8''), ''base64''), ''+/'', ''-_''), ''='')',
        'Where it stands in the order of changes of its connection: the cursor of the API.'),
      ('_record', 'jsonb_build_object(''id'', r.external_id) || d.record', 'The whole record as it was saved.')
    ) as v (name, expression, description);
end;
comment on function syncline.record_metadata_columns() is 'The columns that every view of schema records has beside the fields of its model.';

create or replace function syncline.record_view_columns(p_view text)
returns table (name text, expression text, description text)
language plpgsql stable as $$
declare
  v_taken text[] := array(select m.name from syncline.record_metadata_columns() m);
  v_field record;
begin
  return query select m.* from syncline.record_metadata_columns() m where m.name !~ '^_';
  for v_field in
    select f.field, case count(distinct f.type) when 1 then min(f.type) else 'jsonb' end as type, min(f.description) as description
      from syncline.model_schemas() s
     cross join syncline.schema_fields(s.schema, s.schema) f
     where s.view_name = p_view and f.field <> 'id'
     group by f.field
     order by f.field = any (v_taken) or f.field = '', f.field collate "C"
     limit 1500 -- a view has 1,600 columns at most
  loop
    name := syncline.record_view_name(coalesce(nullif(v_field.field, ''), '_empty'));
    while name = any (v_taken) loop
      name := name || '_';
    end loop;
    v_taken := v_taken || name;
    expression := format(case v_field.type
      when 'text' then 'd.record ->> %1$L'
      when 'jsonb' then 'nullif(d.record -> %1$L, ''null'')'
      when 'numeric' then 'case when jsonb_typeof(d.record -> %1$L) = ''number'' then (d.record -> %1$L)::numeric end'
      when 'boolean' then 'case when jsonb_typeof(d.record -> %1$L) = ''boolean'' then (d.record -> %1$L)::boolean end'
      -- Not "now" or "tomorrow", which are valid too.
      else 'case when d.record ->> %1$L ~ ''^\d{4}-\d\d-\d\d'' and pg_input_is_valid(d.record ->> %1$L, %2$L) then (d.record ->> %1$L)::%2$s end'
    end, v_field.field, v_field.type);
    description := concat_ws(': ', format('Field %I', v_field.field), v_field.description);
    return next;
  end loop;
  return query select m.* from syncline.record_metadata_columns() m where m.name ~ '^_';
end $$;
comment on function syncline.record_view_columns(text) is 'The columns of a view of schema records: name, expression, comment.';

create or replace function syncline.record_view_sql(p_view text, p_replace boolean) returns text
language sql stable
begin atomic
  -- A view that others depend on keeps the order of its columns and gets new ones at its end. offset 0: a record is opened
  -- once, not once a field. The condition beside it is true of every row: it makes the opening depend on all tables, for the
  -- planner would else do it before it joined them, with whatever connection.
  select format(
      'create or replace view records.%I with (security_invoker = true) as select %s
         from syncline.integrations i
         join syncline.environments e on e.id = i.environment_id
         join syncline.connections c on c.integration_id = i.id and c.deleted_at is null
         join syncline.streams t on t.connection_id = c.id and t.model = %L and t.retired_at is null
         join syncline.records r on r.stream_id = t.id
        cross join lateral (
          select syncline.open_record(c.id, r.stream_id, r.external_id, r.hash, r.payload) as record
           where (c.id, c.integration_id, i.environment_id) = (t.connection_id, i.id, e.id) offset 0) d
        where i.unique_key = %L and i.deleted_at is null',
      p_view, c.list, m.model, m.integration)
    from (select distinct s.model, s.integration from syncline.model_schemas() s where s.view_name = p_view) m
   cross join lateral (
     select string_agg(format('%s as %I', v.expression, v.name), ', ' order by a.attnum nulls last, v.o) as list
       from syncline.record_view_columns(p_view) with ordinality v (name, expression, description, o)
       left join pg_attribute a on p_replace and a.attrelid = to_regclass(format('records.%I', p_view)) and a.attname = v.name) c;
end;
comment on function syncline.record_view_sql(text, boolean) is 'The statement that makes a view of schema records; p_replace: in place of one that is there.';

create or replace function syncline.describe_record_view(p_view text, p_hash text) returns void
language plpgsql volatile as $$
declare
  v_row record;
begin
  for v_row in
    select format('comment on column records.%I.%I is %L', p_view, v.name, v.description) as statement from syncline.record_view_columns(p_view) v
    union all
    select format('grant select on records.%I to %s', p_view, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
      from pg_namespace n cross join aclexplode(n.nspacl) a
     where n.nspname = 'records' and a.privilege_type = 'USAGE' and a.grantee <> n.nspowner
    union all
    select format('comment on view records.%I is %L', p_view, format(
        'Records of %s in integration %s, of all environments and connections. Fields are null until syncline.unlock; the comments of columns name fields that are called otherwise. [definition %s]',
        min(s.model), min(s.integration), p_hash))
      from syncline.model_schemas() s where s.view_name = p_view
  loop
    execute v_row.statement;
  end loop;
end $$;
comment on function syncline.describe_record_view(text, text) is 'Comments of a view that was just made, and select on it for everybody who may use schema records.';

create or replace function syncline.make_record_view(p_view text) returns text
language plpgsql volatile set lock_timeout = '200ms' set search_path = '' as $$
declare
  v_hash text;
  v_is_ours boolean;
begin
  perform pg_advisory_xact_lock(hashtext('syncline.make_record_view'));
  select s.wanted_hash into v_hash from syncline.stale_record_views(p_view) s;
  if not found then
    return 'unchanged';
  end if;
  select coalesce(obj_description(c.oid, 'pg_class') like '%[definition %]', false) into v_is_ours
    from pg_class c where c.oid = to_regclass(format('records.%I', p_view));
  if not v_is_ours then
    return 'taken';
  end if;
  begin
    execute format('drop view if exists records.%I', p_view);
    if v_hash is null then
      return 'dropped';
    end if;
    execute syncline.record_view_sql(p_view, false);
  exception when dependent_objects_still_exist then
    if v_hash is null then
      return 'kept';
    end if;
    execute syncline.record_view_sql(p_view, true);
  end;
  perform syncline.describe_record_view(p_view, v_hash);
  return 'made';
exception
  when lock_not_available or deadlock_detected then
    return 'busy';
  when invalid_table_definition then
    return 'kept';
end $$;
comment on function syncline.make_record_view(text) is 'Make, replace or drop one view of schema records: made, dropped, unchanged; busy: somebody reads it; kept: others depend on it as it is; taken: something else has its name.';
