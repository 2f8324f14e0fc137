-- 39_landing.sql: rows of the user's tables, changed in the transaction that changes the records.
-- Promise: under the stream's lock, in one transaction: after it the rows are the stream's live records. Whatever Postgres
-- refuses (a value, a constraint, a trigger of the user's, a lock held for too long) undoes the records as well: SL006.
-- Lock order: streams, records, then the user's rows in the order of their ids.
create or replace function syncline.landing_upsert(p_landing syncline.landings) returns text
language plpgsql stable as $$
declare
  v_aliases text;
  v_columns text;
  v_values text;
  v_updates text;
  v_missing text;
begin
  with attributes as (
    select a.attname as name, format('a%s', row_number() over (order by a.attnum)) as alias, a.attnum
      from pg_attribute a
     where a.attrelid = to_regclass(p_landing.table_name) and a.attnum > 0 and not a.attisdropped
  ), mapped as (
    select c.key as name, a.alias, a.attnum, case
             when c.value = '$id' then 'u.id'
             when c.value = '$firstSeenAt' then 'r.first_seen_at'
             when c.value = '$lastModifiedAt' then 'r.last_modified_at'
             when p_landing.names ? c.value then quote_literal(p_landing.names ->> c.value)
             else 'p.' || a.alias end as value
      from jsonb_each_text(p_landing.columns) c left join attributes a on a.name = c.key
  )
  select (select string_agg(a.alias, ', ' order by a.attnum) from attributes a),
         string_agg(quote_ident(m.name), ', ' order by m.attnum), string_agg(m.value, ', ' order by m.attnum),
         string_agg(format('%1$I = excluded.%1$I', m.name), ', ' order by m.attnum) filter (where m.name <> all (p_landing.key_columns)),
         min(m.name) filter (where m.alias is null)
    into v_aliases, v_columns, v_values, v_updates, v_missing
    from mapped m;
  if v_aliases is null or v_missing is not null then
    raise exception using errcode = 'SL006', message = case when v_aliases is null
      then format('there is no table %s any more', p_landing.table_name)
      else format('%s has no column "%s" any more', p_landing.table_name, v_missing) end,
      hint = 'Change the mapping or the table; the next run goes on from its checkpoint.';
  end if;
  -- The records say which rows are meant: those that now stand with the content that was sent, whoever saved it.
  return format('insert into %1$s (%2$s) select %3$s
    from jsonb_populate_recordset(null::%1$s, $1) with ordinality as p (%4$s, o)
    join unnest($2, $3) with ordinality as u (id, hash, o) on u.o = p.o
   cross join lateral (select t.first_seen_at, t.last_modified_at from syncline.records t
     where t.stream_id = $4 and t.external_id = u.id and t.hash = u.hash and t.last_action <> ''D'' limit 1) r
   order by u.id on conflict (%5$s) do %6$s',
    p_landing.table_name, v_columns, v_values, v_aliases, (select string_agg(quote_ident(k), ', ') from unnest(p_landing.key_columns) k),
    coalesce('update set ' || v_updates, 'nothing'));
end $$;
comment on function syncline.landing_upsert(syncline.landings) is 'The statement that writes a landing''s rows, of $1 mapped columns (a JSON array), $2 ids, $3 hashes, $4 stream. SL006 when table or column is gone.';

create or replace function syncline.landing_delete(p_landing syncline.landings, p_which text) returns text
language sql stable
return (
  select format('delete from %s t where %s and %s', p_landing.table_name,
           string_agg(format('t.%I = %L', k.name, p_landing.names ->> (p_landing.columns ->> k.name)), ' and ')
             filter (where p_landing.columns ->> k.name <> '$id'),
           format(p_which, min(k.name) filter (where p_landing.columns ->> k.name = '$id')))
    from unnest(p_landing.key_columns) as k (name)
);
comment on function syncline.landing_delete(syncline.landings, text) is 'The statement that deletes rows of a landing, told by their key; p_which with %I for the column of the id says which of them.';

create or replace function syncline.try_landing(p_sql text, p_rows jsonb, p_ids text[], p_hashes bytea[], p_stream int) returns boolean
language plpgsql volatile as $$
declare
  v_is_fine boolean := false;
begin
  execute p_sql using p_rows, p_ids, p_hashes, p_stream;
  v_is_fine := true;
  raise no_data_found; -- undoes it
exception when others then
  return v_is_fine;
end $$;
comment on function syncline.try_landing(text, jsonb, text[], bytea[], int) is 'Whether Postgres takes a statement of a landing; nothing is changed.';

create or replace function syncline.find_refused(p_sql text, p_rows jsonb, p_ids text[], p_hashes bytea[], p_stream int) returns int
language plpgsql volatile as $$
declare
  v_rows jsonb[] := array(select e.value from jsonb_array_elements(p_rows) with ordinality as e (value, o) order by e.o);
  v_low int := 1;
  v_mid int;
  v_high int := cardinality(p_ids);
begin
  -- Only after a failure: eleven tries, each half as long as the one before, find one row of 2,000.
  while v_low < v_high loop
    v_mid := (v_low + v_high) / 2;
    if syncline.try_landing(p_sql, to_jsonb(v_rows[v_low:v_mid]), p_ids[v_low:v_mid], p_hashes[v_low:v_mid], p_stream) then
      v_low := v_mid + 1;
    else
      v_high := v_mid;
    end if;
  end loop;
  return case when not syncline.try_landing(p_sql, to_jsonb(v_rows[v_low:v_low]), p_ids[v_low:v_low], p_hashes[v_low:v_low], p_stream) then v_low end;
end $$;
comment on function syncline.find_refused(text, jsonb, text[], bytea[], int) is 'Which row of a statement Postgres does not take, by its number; null when each is fine alone.';

create or replace function syncline.find_refused_column(p_table text, p_row jsonb) returns text
language plpgsql volatile as $$
declare
  v_column text;
begin
  for v_column in select k.name from jsonb_object_keys(p_row) as k (name) order by k.name loop
    begin
      execute format('select jsonb_populate_record(null::%s, $1)', p_table) using jsonb_build_object(v_column, p_row -> v_column);
    exception when others then
      return v_column;
    end;
  end loop;
  return null;
end $$;
comment on function syncline.find_refused_column(text, jsonb) is 'The first column that does not take its value; null when each does.';

create or replace function syncline.refuse_landing(
  p_landing syncline.landings, p_sql text, p_rows jsonb, p_ids text[], p_hashes bytea[], p_state text, p_says text, p_column text) returns void
language plpgsql volatile as $$
declare
  v_at int;
  v_column text := nullif(p_column, '');
begin
  if p_state = '55P03' then
    raise exception using errcode = 'SL006',
      message = format('%s: another transaction has held a lock for %s', p_landing.table_name, (select s.delivery_lock_timeout from syncline.settings s)),
      hint = 'The next run goes on from its checkpoint; settings.delivery_lock_timeout says how long a save waits.';
  end if;
  v_at := syncline.find_refused(p_sql, p_rows, p_ids, p_hashes, p_landing.stream_id);
  if v_column is null and p_rows is not null and v_at is not null then
    v_column := syncline.find_refused_column(p_landing.table_name, p_rows -> (v_at - 1));
  end if;
  -- Not the detail: it may show rows of others.
  raise exception using errcode = 'SL006',
    message = concat(p_landing.table_name, ', column "' || v_column || '"', ', record ' || p_ids[v_at], ': ', left(p_says, 500)),
    detail = format('SQLSTATE %s', p_state),
    hint = 'Nothing of this save was stored. Change the mapping, the table or the record; the next run goes on from its checkpoint.';
end $$;
comment on function syncline.refuse_landing(syncline.landings, text, jsonb, text[], bytea[], text, text, text) is 'Raise SL006 for a statement that Postgres did not take: table, column, record and what Postgres said.';

create or replace function syncline.run_landing(p_landing syncline.landings, p_sql text, p_rows jsonb, p_ids text[], p_hashes bytea[]) returns void
language plpgsql volatile as $$
declare
  v_timeout text := current_setting('lock_timeout');
  v_state text;
  v_says text;
  v_column text;
begin
  perform set_config('lock_timeout', (1000 * extract(epoch from s.delivery_lock_timeout))::int::text, true) from syncline.settings s;
  begin
    execute p_sql using p_rows, p_ids, p_hashes, p_landing.stream_id;
  exception
    when deadlock_detected or serialization_failure then
      raise; -- the whole is tried again
    when others then
      get stacked diagnostics v_state = returned_sqlstate, v_says = message_text, v_column = column_name;
  end;
  if v_state is not null then
    perform syncline.refuse_landing(p_landing, p_sql, p_rows, p_ids, p_hashes, v_state, v_says, v_column);
  end if;
  perform set_config('lock_timeout', v_timeout, true);
end $$;
comment on function syncline.run_landing(syncline.landings, text, jsonb, text[], bytea[]) is 'Run a statement on the user''s table, waiting no longer than settings.delivery_lock_timeout for a lock; SL006 says what is wrong.';

create or replace function syncline.land_rows(p_landing bigint, p_stream int, p_ids text[], p_hashes bytea[], p_rows text) returns void
language plpgsql volatile as $$
declare
  v_landing syncline.landings;
begin
  select n.* into v_landing from syncline.landings n where n.id = p_landing and n.stream_id = p_stream;
  if not found then
    raise exception using errcode = 'SL006', message = 'where this model is delivered was changed while the run worked',
      hint = 'The next run goes on from its checkpoint.';
  end if;
  perform syncline.run_landing(v_landing, syncline.landing_upsert(v_landing), p_rows::jsonb, p_ids, p_hashes);
end $$;
comment on function syncline.land_rows(bigint, int, text[], bytea[], text) is 'Write the rows of records just stored, given as a JSON array of mapped columns; the caller holds the stream''s lock. Those that do not stand with this hash are passed over.';

create or replace function syncline.unland_rows(p_stream int, p_ids text[]) returns void
language plpgsql volatile as $$
declare
  v_landing syncline.landings;
begin
  select n.* into v_landing from syncline.landings n where n.stream_id = p_stream;
  if found then
    perform syncline.run_landing(v_landing, syncline.landing_delete(v_landing, 't.%I = any ($2)'), null, array(
      select u.id from unnest(p_ids) as u (id)
       where not exists (
         select from syncline.records r where r.stream_id = p_stream and r.external_id = u.id and r.last_action <> 'D')
       order by u.id), null);
  end if;
end $$;
comment on function syncline.unland_rows(int, text[]) is 'Delete the rows of those of these records that are deleted, where the stream has a landing; the caller holds its lock.';

create or replace function syncline.clear_landing(p_stream int) returns void
language plpgsql volatile as $$
declare
  v_landing syncline.landings;
begin
  select n.* into v_landing from syncline.landings n where n.stream_id = p_stream;
  if found then
    if to_regclass(v_landing.table_name) is not null then
      perform syncline.run_landing(v_landing, syncline.landing_delete(v_landing, 'true'), null, null, null);
    end if;
    delete from syncline.landings n where n.id = v_landing.id;
  end if;
end $$;
comment on function syncline.clear_landing(int) is 'Delete all rows of a stream that is about to go, where it has a landing; the caller holds its lock.';
