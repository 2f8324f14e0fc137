-- 40_record.sql: saving records in two phases.
-- Phase 1 (diff_records) sends ids and hashes and is told per record, as one letter, what is needed; phase 2 (save_records)
-- sends just that. 90 % of saved records are unchanged in practice: they cost 3-4 us and no WAL this way.
-- Promise: positions are handed out under the stream's row lock, held to commit, so commit order is position order and a
-- reader by position misses nothing. last_modified_at is taken under the same lock: it never falls as positions rise.
-- Letters: . unchanged (or a newer change wins), A new, U differs, R known but deleted, P unchanged but its payload was pruned.
create or replace function syncline.open_stream(p_run bigint, p_token bigint, p_model text) returns int
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
  v_variant text;
  v_models text[];
  v_stream int;
  v_keeps boolean;
  v_wants boolean;
begin
  select s.variant, f.models into v_variant, v_models
    from syncline.syncs s join syncline.functions f on f.id = v_run.function_id where s.id = v_run.sync_id;
  if p_model = any (v_models) is not true then
    raise exception using errcode = 'SL004', message = format('model "%s" is not declared by this sync', p_model),
      hint = case when v_models is null then 'Only syncs keep records.' else format('Declared: %s.', array_to_string(v_models, ', ')) end;
  end if;
  select t.id, t.history_since is not null into v_stream, v_keeps from syncline.streams t
   where t.connection_id = v_run.connection_id and t.model = p_model and t.variant = v_variant and t.retired_at is null;
  if v_stream is null then
    insert into syncline.streams as t (environment_id, connection_id, model, variant)
    values (v_run.environment_id, v_run.connection_id, p_model, v_variant)
        on conflict (connection_id, model, variant) where retired_at is null do update set model = excluded.model
    returning t.id, t.history_since is not null into v_stream, v_keeps;
  end if;
  -- Another sync may write the same model: its versions are kept as long as one of them says so.
  v_wants := exists (
    select from syncline.syncs s join syncline.functions f on f.id = s.function_id
     where s.connection_id = v_run.connection_id and s.variant = v_variant and s.deleted_at is null and p_model = any (f.history_models));
  if v_wants <> v_keeps then
    perform syncline.keep_history(v_stream, v_wants);
  end if;
  return v_stream;
end $$;
comment on function syncline.open_stream(bigint, bigint, text) is 'The stream a run writes a model to, made on first use; from now on with history or without, as the deployed functions say. SL004 when the function does not declare the model.';

create or replace function syncline.count_changes(
  p_run bigint, p_stream int, p_added bigint, p_updated bigint, p_deleted bigint, p_unchanged bigint) returns void
language sql volatile
begin atomic
  insert into syncline.run_streams as c (run_id, stream_id, added, updated, deleted, unchanged)
  values (p_run, p_stream, p_added, p_updated, p_deleted, p_unchanged)
      on conflict (run_id, stream_id) do update
     set added = c.added + excluded.added, updated = c.updated + excluded.updated,
         deleted = c.deleted + excluded.deleted, unchanged = c.unchanged + excluded.unchanged;
end;
comment on function syncline.count_changes(bigint, int, bigint, bigint, bigint, bigint) is 'Add to what a run did to a stream.';

create or replace function syncline.diff_records(p_run bigint, p_token bigint, p_stream int, p_ids text[], p_hashes bytea[]) returns text
language plpgsql volatile as $$
declare
  v_not_after bigint;
  v_window syncline.refreshes;
  v_letters text;
  v_seen bigint[];
begin
  perform syncline.fence_run(p_run, p_token);
  select w.* into v_window from syncline.refreshes w where w.stream_id = p_stream and w.state in ('open', 'deleting');
  select c.not_after into v_not_after from syncline.run_streams c where c.run_id = p_run and c.stream_id = p_stream;
  -- The lateral "limit 1" pins the index lookup: as a plain join this fell to 4,250 records/s on a table never analysed.
  select coalesce(string_agg(d.letter, '' order by d.o), ''),
         array_agg(d.pos) filter (where d.letter in ('.', 'P') and d.pos <= v_window.start_pos)
    into v_letters, v_seen
    from (
      select u.o, r.pos, case
               when r.pos is null then 'A'
               when r.pos > v_not_after and r.run_id <> p_run then '.'
               when r.last_action = 'D' then 'R'
               when r.hash <> u.hash then 'U'
               when r.is_pruned then 'P'
               else '.'
             end as letter
        from unnest(p_ids, p_hashes) with ordinality as u (id, hash, o)
        left join lateral (
          select t.pos, t.hash, t.last_action, t.run_id, t.pruned_at is not null as is_pruned
            from syncline.records t
           where t.stream_id = p_stream and t.external_id = u.id
           limit 1) r on true
    ) d;
  if v_seen is not null then
    insert into syncline.refresh_seen (refresh_id, positions) values (v_window.id, v_seen);
  end if;
  perform syncline.count_changes(p_run, p_stream, 0, 0, 0, length(v_letters) - length(replace(v_letters, '.', '')));
  return v_letters;
end $$;
comment on function syncline.diff_records(bigint, bigint, int, text[], bytea[]) is 'Phase 1 of a save: one letter per record says what the database needs (see the head of 40_record.sql). Marks unchanged records as seen by an open refresh.';

create or replace function syncline.lock_stream(p_stream int, p_count int, p_lands boolean default false)
returns table (base bigint, changed_at timestamptz, lands boolean, keeps_history boolean)
language plpgsql volatile as $$
begin
  update syncline.streams s set head = s.head + p_count
   where s.id = p_stream and s.retired_at is null
  returning s.head - p_count, greatest(syncline.wall_clock(), s.last_change_at), s.lands, s.history_since is not null
    into base, changed_at, lands, keeps_history;
  if not found then
    raise exception using errcode = 'SL002', message = format('stream %s does not exist any more', p_stream);
  elsif lands and not p_lands then
    raise exception using errcode = 'SL005', message = format('records of stream %s are rows of %s too: they change together', p_stream,
        (select n.table_name from syncline.landings n where n.stream_id = p_stream)),
      hint = 'Contents come from a run; land_rows and unland_rows, under lock_stream(…, true), change the rows.';
  end if;
  return next;
end $$;
comment on function syncline.lock_stream(int, int, boolean) is 'Take the stream''s row lock until commit and hand out positions; the time is read under the lock. p_lands: the caller changes the rows of a landing too; else SL005 where there is one.';

create or replace function syncline.note_changes(
  p_run bigint, p_stream int, p_at timestamptz, p_added bigint, p_updated bigint, p_deleted bigint, p_unchanged bigint) returns void
language plpgsql volatile as $$
begin
  if p_added + p_updated + p_deleted > 0 then
    update syncline.streams
       set records = records + p_added - p_deleted, last_change_at = p_at, pending_since = coalesce(pending_since, p_at),
           pending_added = pending_added + p_added, pending_updated = pending_updated + p_updated,
           pending_deleted = pending_deleted + p_deleted
     where id = p_stream;
  end if;
  perform syncline.count_changes(p_run, p_stream, p_added, p_updated, p_deleted, p_unchanged);
end $$;
comment on function syncline.note_changes(bigint, int, timestamptz, bigint, bigint, bigint, bigint) is 'Count what changed: on the stream, for the next webhook, and on the run.';

create or replace function syncline.insert_records(
  p_run bigint, p_stream int, p_base bigint, p_at timestamptz, p_ids text[], p_hashes bytea[], p_payloads bytea[]) returns text
language sql volatile
begin atomic
  insert into syncline.records (stream_id, external_id, pos, run_id, hash, payload, last_action, first_seen_at, last_modified_at)
  select p_stream, u.id, p_base + u.o, p_run, u.hash, u.payload, 'A', p_at, p_at
    from unnest(p_ids, p_hashes, p_payloads) with ordinality as u (id, hash, payload, o);
  select repeat('A', cardinality(p_ids));
end;
comment on function syncline.insert_records(bigint, int, bigint, timestamptz, text[], bytea[], bytea[]) is 'Store records none of which the stream has; the caller holds the stream''s lock. A for each.';

create or replace function syncline.upsert_records(
  p_run bigint, p_stream int, p_base bigint, p_at timestamptz, p_ids text[], p_hashes bytea[], p_payloads bytea[], p_keeps_history boolean)
returns text
language plpgsql volatile as $$
declare
  v_not_after bigint;
  v_letters text;
  v_restored bigint;
begin
  select c.not_after into v_not_after from syncline.run_streams c where c.run_id = p_run and c.stream_id = p_stream;
  with stored as (
    insert into syncline.records as r
           (stream_id, external_id, pos, run_id, hash, payload, last_action, first_seen_at, last_modified_at)
    select p_stream, u.id, p_base + u.o, p_run, u.hash, u.payload, 'A', p_at, p_at
      from unnest(p_ids, p_hashes, p_payloads) with ordinality as u (id, hash, payload, o)
        on conflict (stream_id, external_id) do update
       set pos = case when r.hash = excluded.hash and r.last_action <> 'D' then r.pos else excluded.pos end,
           last_modified_at = case when r.hash = excluded.hash and r.last_action <> 'D' then r.last_modified_at else p_at end,
           last_action = case when r.last_action = 'D' then 'A' when r.hash = excluded.hash then r.last_action else 'U' end,
           first_seen_at = case when r.last_action = 'D' then p_at else r.first_seen_at end,
           run_id = p_run, hash = excluded.hash, payload = excluded.payload, deleted_at = null, pruned_at = null
     where (r.hash <> excluded.hash or r.last_action = 'D' or r.pruned_at is not null)
       and (v_not_after is null or r.pos <= v_not_after or r.run_id = p_run)
    returning r.pos, r.last_action, r.external_id
  ), kept as (
    insert into syncline.record_versions
    select v.* from syncline.ending_versions(p_stream, array(select s.external_id from stored s where s.pos > p_base), p_at) v
     where p_keeps_history
  )
  select string_agg(coalesce(s.last_action::text, '.'), '' order by g.o),
         (select min(s.pos) from stored s where s.pos <= p_base)
    into v_letters, v_restored
    from generate_series(1, cardinality(p_ids)) as g (o)
    left join stored s on s.pos = p_base + g.o;
  if v_restored is not null then
    update syncline.streams set pruned_pos = least(pruned_pos, v_restored - 1) where id = p_stream;
  end if;
  return coalesce(v_letters, '');
end $$;
comment on function syncline.upsert_records(bigint, int, bigint, timestamptz, text[], bytea[], bytea[], boolean) is 'Store records some of which the stream has; the caller holds the stream''s lock. Per record: A added, U updated, . nothing to do.';

create or replace function syncline.save_records(
  p_run bigint, p_token bigint, p_stream int, p_ids text[], p_hashes bytea[], p_payloads bytea[], p_checkpoint jsonb,
  p_landing bigint default null, p_rows text default null)
returns table (letters text, is_slice_over boolean)
language plpgsql volatile as $$
declare
  v_base bigint;
  v_at timestamptz;
  v_keeps boolean;
begin
  perform syncline.fence_run(p_run, p_token);
  select l.base, l.changed_at, l.keeps_history into v_base, v_at, v_keeps
    from syncline.lock_stream(p_stream, cardinality(p_ids), p_landing is not null) l;
  -- Under the lock nobody else writes here, so what is not there now stays so: a page of new records is inserted plainly,
  -- at 16 us a record; the same by "on conflict" takes 24-30, since each row is first inserted on trial.
  if exists (
    select from unnest(p_ids) as u (id)
     cross join lateral (select from syncline.records t where t.stream_id = p_stream and t.external_id = u.id limit 1) r)
  then
    letters := syncline.upsert_records(p_run, p_stream, v_base, v_at, p_ids, p_hashes, p_payloads, v_keeps);
  else
    letters := syncline.insert_records(p_run, p_stream, v_base, v_at, p_ids, p_hashes, p_payloads);
  end if;
  perform syncline.note_changes(p_run, p_stream, v_at, length(translate(letters, 'U.', '')),
    length(translate(letters, 'A.', '')), 0, length(translate(letters, 'AU', '')));
  if p_landing is not null then
    perform syncline.land_rows(p_landing, p_stream, p_ids, p_hashes, p_rows);
  end if;
  is_slice_over := case when p_checkpoint is not null then syncline.save_checkpoint(p_run, p_token, p_checkpoint) end;
  return next;
end $$;
comment on function syncline.save_records(bigint, bigint, int, text[], bytea[], bytea[], jsonb, bigint, text) is 'Phase 2 of a save: store the sealed records phase 1 asked for and, where given, their rows in the user''s table and the checkpoint that covers them. Per record: A added, U updated, . nothing to do.';

create or replace function syncline.remove_records(p_run bigint, p_token bigint, p_stream int, p_ids text[], p_deleted_at timestamptz[]) returns int
language plpgsql volatile as $$
declare
  v_not_after bigint;
  v_base bigint;
  v_at timestamptz;
  v_lands boolean;
  v_keeps boolean;
  v_count int;
begin
  perform syncline.fence_run(p_run, p_token);
  select c.not_after into v_not_after from syncline.run_streams c where c.run_id = p_run and c.stream_id = p_stream;
  select l.base, l.changed_at, l.lands, l.keeps_history into v_base, v_at, v_lands, v_keeps
    from syncline.lock_stream(p_stream, cardinality(p_ids), true) l;
  with gone as (
    update syncline.records r
       set pos = v_base + u.o, run_id = p_run, last_action = 'D', deleted_at = coalesce(u.deleted_at, v_at), last_modified_at = v_at
      from unnest(p_ids, p_deleted_at) with ordinality as u (id, deleted_at, o)
     where r.stream_id = p_stream and r.external_id = u.id and r.last_action <> 'D'
       and (v_not_after is null or r.pos <= v_not_after or r.run_id = p_run)
    returning r.external_id
  ), kept as (
    insert into syncline.record_versions
    select v.* from syncline.ending_versions(p_stream, array(select g.external_id from gone g), v_at) v where v_keeps
  )
  select count(*) into v_count from gone;
  perform syncline.note_changes(p_run, p_stream, v_at, 0, 0, v_count, 0);
  if v_lands then
    perform syncline.unland_rows(p_stream, p_ids);
  end if;
  return v_count;
end $$;
comment on function syncline.remove_records(bigint, bigint, int, text[], timestamptz[]) is 'Mark live records as deleted; the payload stays. Unknown and already deleted ids are passed over. How many.';
