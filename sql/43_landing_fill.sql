-- 43_landing_fill.sql: how a stream gets a landing, and how records from before it become rows.
-- Promise: the mapping is that of the function as it is deployed now, not of the version a run began with. Whatever is saved
-- or deleted while a landing is being filled changes its row at once, so filling may stop and go on at any time.
create or replace function syncline.find_mapping(p_integration int, p_function text, p_model text) returns jsonb
language sql stable
return (
  select f.definition #> array['deliver', p_model] from syncline.functions f
   where f.integration_id = p_integration and f.kind = 'sync' and f.name = p_function and f.is_active
);
comment on function syncline.find_mapping(int, text, text) is 'The mapping of a model as it is deployed; null when there is none.';

create or replace function syncline.landing_names(p_stream int) returns jsonb
language sql stable
return (
  select jsonb_build_object('$connectionId', n.connection_id, '$integration', i.unique_key, '$environment', e.name, '$variant', t.variant)
    from syncline.streams t
    join syncline.connections n on n.id = t.connection_id
    join syncline.integrations i on i.id = n.integration_id
    join syncline.environments e on e.id = t.environment_id
   where t.id = p_stream
);
comment on function syncline.landing_names(int) is 'What all rows of a stream are known by.';

create or replace function syncline.renew_landing(p_stream int, p_integration int, p_function text, p_mapping jsonb) returns void
language plpgsql volatile as $$
declare
  v_stream syncline.streams;
  v_old syncline.landings;
  v_names jsonb := syncline.landing_names(p_stream);
  v_new record;
  v_hint text;
begin
  select t.* into v_stream from syncline.streams t where t.id = p_stream;
  begin
    select c.* into v_new from syncline.check_landing(p_integration, p_function, v_stream.model, p_mapping, v_stream.variant) c;
  exception when sqlstate 'SL004' then
    get stacked diagnostics v_hint = pg_exception_hint;
    raise exception using errcode = 'SL006', message = sqlerrm, hint = v_hint;
  end;
  perform from syncline.landing_tables a where a.environment_id = v_stream.environment_id and a.table_name = v_new.table_name for share;
  perform syncline.lock_stream(p_stream, 0, true);
  select n.* into v_old from syncline.landings n where n.stream_id = p_stream;
  if (v_old.relation, v_old.columns, v_old.names, v_old.key_columns) is not distinct from
     (v_new.relation, p_mapping -> 'columns', v_names, v_new.key_columns) then
    return; -- somebody else was quicker
  end if;
  -- Under other names the rows would be found by nobody any more.
  if v_old.relation = v_new.relation and v_old.names <> v_names then
    perform syncline.clear_landing(p_stream);
  end if;
  delete from syncline.landings n where n.stream_id = p_stream;
  insert into syncline.landings (
    stream_id, environment_id, integration_id, function_name, model, table_name, relation, columns, names, key_columns)
  values (p_stream, v_stream.environment_id, p_integration, p_function, v_stream.model, v_new.table_name, v_new.relation,
    p_mapping -> 'columns', v_names, v_new.key_columns);
  update syncline.streams set lands = true where id = p_stream;
end $$;
comment on function syncline.renew_landing(int, int, text, jsonb) is 'Give a stream the landing of a mapping, to be filled from the start. SL006 when the mapping is not right.';

create or replace function syncline.open_landing(p_run bigint, p_token bigint, p_model text)
returns table (stream int, landing bigint, table_name text, columns jsonb, is_filled boolean, records bigint)
language plpgsql volatile as $$
declare
  v_integration int;
  v_function text;
  v_mapping jsonb;
begin
  stream := syncline.open_stream(p_run, p_token, p_model);
  select f.integration_id, f.name, syncline.find_mapping(f.integration_id, f.name, p_model) into v_integration, v_function, v_mapping
    from syncline.runs r join syncline.functions f on f.id = r.function_id where r.id = p_run;
  if v_mapping is not null and not exists (
    select from syncline.landings n
     where n.stream_id = stream and n.function_name = v_function and n.columns = v_mapping -> 'columns'
       and n.table_name = syncline.landing_table(v_mapping ->> 'table') and n.relation = to_regclass(n.table_name)
       and n.names = syncline.landing_names(stream))
  then
    perform syncline.renew_landing(stream, v_integration, v_function, v_mapping);
  end if;
  select n.id, n.table_name, n.columns, n.filled_at is not null, t.records
    into landing, table_name, columns, is_filled, records
    from syncline.landings n join syncline.streams t on t.id = n.stream_id where n.stream_id = stream;
  return next;
end $$;
comment on function syncline.open_landing(bigint, bigint, text) is 'open_stream, with the landing that its records need; all null but the stream where there is none. SL006 when the mapping is not right.';

create or replace function syncline.read_unlanded(p_landing bigint, p_limit int)
returns table (external_id text, pos bigint, hash bytea, payload bytea)
language sql stable
begin atomic
  select r.external_id, r.pos, r.hash, r.payload
    from syncline.landings n
   cross join lateral (
     select t.external_id, t.pos, t.hash, t.payload from syncline.records t
      where t.stream_id = n.stream_id and t.pos > n.filled_pos and t.last_action <> 'D'
      order by t.stream_id, t.pos
      limit p_limit) r
   where n.id = p_landing;
end;
comment on function syncline.read_unlanded(bigint, int) is 'The next live records that a landing is to be filled with.';

create or replace function syncline.end_landing_fill(p_landing syncline.landings) returns boolean
language plpgsql volatile as $$
begin
  if exists (
    select from syncline.records r
     where r.stream_id = p_landing.stream_id and r.pos > p_landing.filled_pos and r.last_action <> 'D') then
    return false; -- changed since they were looked for
  end if;
  -- What an earlier mapping left, whose records are gone.
  perform syncline.run_landing(p_landing, syncline.landing_delete(p_landing, 'not exists (
    select from syncline.records r where r.stream_id = $4 and r.external_id = t.%I and r.last_action <> ''D'')'), null, null, null);
  update syncline.landings set filled_at = syncline.now() where id = p_landing.id;
  return true;
end $$;
comment on function syncline.end_landing_fill(syncline.landings) is 'Delete the rows that no record has and say that the landing is filled; false when there are records left.';

create or replace function syncline.write_landing(
  p_landing bigint, p_stream int, p_ids text[], p_hashes bytea[], p_rows text, p_until bigint, p_passed_over int)
returns boolean
language plpgsql volatile as $$
declare
  v_landing syncline.landings;
begin
  perform syncline.lock_stream(p_stream, 0, true);
  if p_until is not null then
    perform syncline.land_rows(p_landing, p_stream, p_ids, p_hashes, p_rows);
    update syncline.landings
       set filled_pos = greatest(filled_pos, p_until), passed_over = passed_over + p_passed_over where id = p_landing;
    return false;
  end if;
  select n.* into v_landing from syncline.landings n where n.id = p_landing;
  return v_landing.filled_at is not null or syncline.end_landing_fill(v_landing);
end $$;
comment on function syncline.write_landing(bigint, int, text[], bytea[], text, bigint, int) is 'Write the rows of records up to a position; without one, when none were left, end the filling. True when it is filled.';

create or replace function syncline.fill_landing(
  p_run bigint, p_token bigint, p_landing bigint, p_stream int, p_ids text[], p_hashes bytea[], p_rows text, p_until bigint, p_passed_over int)
returns boolean
language plpgsql volatile as $$
begin
  perform syncline.fence_run(p_run, p_token);
  return syncline.write_landing(p_landing, p_stream, p_ids, p_hashes, p_rows, p_until, p_passed_over);
end $$;
comment on function syncline.fill_landing(bigint, bigint, bigint, int, text[], bytea[], text, bigint, int) is 'write_landing under a run''s fence.';

create or replace function syncline.refill_delivery(p_environment text, p_table text) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count int;
begin
  update syncline.landings n
     set filled_pos = 0, filled_at = null, passed_over = 0
    from syncline.environments e
   where e.id = n.environment_id and e.name = p_environment and e.deleted_at is null and n.table_name = syncline.landing_table(p_table);
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function syncline.refill_delivery(text, text) is 'Let the next runs write all rows of a table anew, as after a truncate; how many streams. Example: select syncline.refill_delivery(''prod'', ''crm.contacts'');';

create or replace view syncline.delivery_overview with (security_invoker = true) as
select e.name as environment,
       n.table_name as "table",
       i.unique_key as integration,
       c.connection_id as connection,
       n.function_name as sync,
       n.model,
       t.variant,
       n.filled_at is not null as is_filled,
       t.records,
       case when n.filled_at is null then t.head - n.filled_pos else 0 end as positions_to_fill,
       n.passed_over,
       n.filled_at,
       n.opened_at,
       n.stream_id
  from syncline.landings n
  join syncline.streams t on t.id = n.stream_id
  join syncline.environments e on e.id = n.environment_id
  join syncline.integrations i on i.id = n.integration_id
  join syncline.connections c on c.id = t.connection_id;
comment on view syncline.delivery_overview is 'One row per stream that is delivered into a table of yours, and whether the table is complete. Example: select * from syncline.delivery_overview where not is_filled;';
comment on column syncline.delivery_overview."table" is 'The table, with its schema.';
comment on column syncline.delivery_overview.sync is 'The function that delivers.';
comment on column syncline.delivery_overview.model is 'Model of the records.';
comment on column syncline.delivery_overview.variant is 'Variant; base unless another was created.';
comment on column syncline.delivery_overview.is_filled is 'False while records from before the mapping may be missing: the next run of the sync goes on filling.';
comment on column syncline.delivery_overview.records is 'Live records of the stream, which are rows of the table once it is filled.';
comment on column syncline.delivery_overview.positions_to_fill is 'How much of the change feed is still to be filled in, at most that many records.';
comment on column syncline.delivery_overview.passed_over is 'Records that could not be filled in since their payload was pruned; they come when their content changes.';
comment on column syncline.delivery_overview.filled_at is 'When the table became complete.';
comment on column syncline.delivery_overview.opened_at is 'Since when the stream is delivered by this mapping.';
comment on column syncline.delivery_overview.stream_id is 'Id of the stream: see stream_overview.';

create or replace function syncline.settle_landings(p_environment int, p_functions jsonb) returns void
language plpgsql volatile as $$
declare
  v_row record;
begin
  perform syncline.release_landings(array(
    select n.id from syncline.landings n
     where n.environment_id = p_environment and syncline.find_mapping(n.integration_id, n.function_name, n.model) is null));
  for v_row in
    select f.integration_id, f.name, d.key as model, d.value as mapping
      from syncline.functions f
      join syncline.integrations i on i.id = f.integration_id
     cross join lateral jsonb_each(f.definition -> 'deliver') d
     where f.environment_id = p_environment and f.is_active and f.definition ? 'deliver'
       and exists (
         select from jsonb_array_elements(p_functions) as g (value)
          where g.value ->> 'integration' = i.unique_key and g.value ->> 'kind' = 'sync' and g.value ->> 'name' = f.name)
     order by 1, 2, 3
  loop
    perform syncline.check_landing(v_row.integration_id, v_row.name, v_row.model, v_row.mapping, 'base');
  end loop;
end $$;
comment on function syncline.settle_landings(int, jsonb) is 'After a deployment: end landings whose mapping is gone (their tables stay as they are) and check the mappings that were deployed. SL004 when one is not right.';
