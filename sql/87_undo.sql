-- 87_undo.sql: undoing what a run did.
-- What a run changed is changed back by new changes, so that positions go on, cursors and apps follow, and webhooks tell;
-- an undo is itself a run (kind undo), which can be undone too. A record that somebody else has changed since stays as it is.
-- Where the stream keeps history, the record becomes what it was before the run. Without, what the run added goes, and what
-- it deleted comes back with the content it has kept; what it updated has lost what was there before, and stays.
-- Promise: how far the sync had got goes back with the records (unless told not to): otherwise the next run would go on after
-- changes whose outcome is no longer there, and never fetch them again.
-- A table of the user's that the records are delivered into must be right in the same commit, and rows need contents, which
-- only the server can open: it writes them in the transaction of the undo (src/runs/undo.ts). In psql an undo that would bring
-- rows back is refused, unless they may come with the next run (p_fill_later).
-- Lock order: runs, syncs, refreshes, streams in the order of their ids, records.
create or replace function syncline.plan_undo(p_run syncline.runs, p_stream int)
returns table (external_id text, version_pos bigint, verdict text)
language sql stable
begin atomic
  select r.external_id, v.pos,
         case
           when v.pos is not null then case
             when r.last_action = 'D' and v.last_action = 'D' then 'leave'
             when v.last_action = 'D' then 'remove'
             when r.last_action <> 'D' and r.hash = v.hash then 'leave'
             when v.payload is null then 'lost'
             when r.last_action = 'D' then 'restore'
             else 'revert' end
           -- Nobody had it before.
           when t.history_since <= p_run.started_at or r.first_seen_at > p_run.started_at then
             case r.last_action when 'D' then 'leave' else 'remove' end
           when r.last_action = 'D' then case when r.payload is null then 'lost' else 'restore' end
           when r.last_action = 'A' then 'remove'
           else 'lost' end
    from syncline.streams t
    join syncline.records r on r.stream_id = t.id
    left join lateral (
      select x.pos, x.last_action, x.hash, x.payload
        from syncline.record_versions x
       where x.stream_id = p_stream and x.external_id = r.external_id and x.run_id <> p_run.id and x.valid_to >= t.history_since
       order by x.pos desc
       limit 1) v on true
   where t.id = p_stream and r.run_id = p_run.id and r.pos >= syncline.first_position_since(p_stream, p_run.started_at);
end;
comment on function syncline.plan_undo(syncline.runs, int) is 'What undoing a run means for each record of a stream whose latest change is its: remove, restore, revert, lost (what was there before is not known any more) or leave.';

create or replace function syncline.count_undo(p_run syncline.runs, p_stream int)
returns table (removed bigint, restored bigint, reverted bigint, changed_since bigint, unrecoverable bigint)
language sql stable
begin atomic
  select p.removed, p.restored, p.reverted,
         case when t.history_since <= p_run.finished_at then (
           select count(distinct v.external_id)
             from syncline.record_versions v
             join syncline.records r on r.stream_id = v.stream_id and r.external_id = v.external_id
            where v.stream_id = p_stream and v.valid_to >= p_run.started_at and v.run_id = p_run.id and r.run_id <> p_run.id)
         -- A record that the run changed twice counts twice.
         else greatest(c.added + c.updated + c.deleted - p.found, 0) end,
         p.lost
    from syncline.streams t
    join syncline.run_streams c on c.stream_id = t.id and c.run_id = p_run.id
   cross join lateral (
     select count(*) as found, count(*) filter (where x.verdict = 'remove') as removed, count(*) filter (where x.verdict = 'restore') as restored,
            count(*) filter (where x.verdict = 'revert') as reverted, count(*) filter (where x.verdict = 'lost') as lost
       from syncline.plan_undo(p_run, p_stream) x) p
   where t.id = p_stream;
end;
comment on function syncline.count_undo(syncline.runs, int) is 'What undoing a run means for a stream, in numbers. changed_since: records that others have changed since; without history at most that many.';

create or replace function syncline.undoable_run(p_run bigint) returns syncline.runs
language plpgsql stable as $$
declare
  v_run syncline.runs;
begin
  select r.* into v_run from syncline.runs r where r.id = p_run;
  if not found then
    raise exception using errcode = 'SL002', message = 'no such run', detail = format('run %s', p_run);
  elsif v_run.sync_id is null then
    raise exception using errcode = 'SL005', message = format('run %s is of an %s function: only runs of syncs change records', p_run, v_run.kind);
  elsif v_run.finished_at is null then
    raise exception using errcode = 'SL005', message = format('run %s is %s', p_run, v_run.state), hint = 'Pause the sync first: that ends it.';
  elsif syncline.live_run(v_run.sync_id) is not null then
    raise exception using errcode = 'SL005', message = 'the sync is running', detail = format('run %s', syncline.live_run(v_run.sync_id)),
      hint = 'Pause the sync first.';
  end if;
  return v_run;
end $$;
comment on function syncline.undoable_run(bigint) is 'A run that can be undone. SL002 when there is none, SL005 when it or its sync is live or when it is no sync''s.';

create or replace function syncline.streams_of_run(p_run bigint) returns table (id int, model text)
language sql stable
begin atomic
  select t.id, t.model
    from syncline.run_streams c
    join syncline.streams t on t.id = c.stream_id
   where c.run_id = p_run and t.retired_at is null
   order by t.id;
end;
comment on function syncline.streams_of_run(bigint) is 'The streams a run wrote to that are still there, in the order in which they are locked.';

create or replace function syncline.preview_undo(p_run bigint)
returns table (model text, removed bigint, restored bigint, reverted bigint, changed_since bigint, unrecoverable bigint, undo_run bigint)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_run syncline.runs := syncline.undoable_run(p_run);
begin
  return query
    select s.model, c.removed, c.restored, c.reverted, c.changed_since, c.unrecoverable, null::bigint
      from syncline.streams_of_run(p_run) s
     cross join lateral syncline.count_undo(v_run, s.id) c;
end $$;
comment on function syncline.preview_undo(bigint) is 'What undo_run would do now, for each model; nothing is changed. Example: select * from syncline.preview_undo(42);';

create or replace function syncline.refuse_unfilled(p_run bigint, p_stream int, p_rows bigint) returns void
language plpgsql stable as $$
begin
  raise exception using errcode = 'SL005',
    message = format('undoing run %s brings back %s rows of %s, whose contents only the server can open', p_run, p_rows,
      (select n.table_name from syncline.landings n where n.stream_id = p_stream)),
    hint = format('Ask the server: syncline undo %1$s, or POST /runs/%1$s/undo. Or let the next run of the sync write them: '
      'select * from syncline.undo_run(%1$s, p_fill_later => true);', p_run);
end $$;
comment on function syncline.refuse_unfilled(bigint, int, bigint) is 'Raise SL005: an undo here would leave a table of the user''s without rows that it should have.';

create or replace function syncline.undo_stream(p_run syncline.runs, p_undo bigint, p_stream int, p_fill_later boolean)
returns table (removed bigint, restored bigint, reverted bigint, changed_since bigint, unrecoverable bigint)
language plpgsql volatile as $$
declare
  v_ids text[];
  v_versions bigint[];
  v_verdicts text[];
  v_lock record;
begin
  perform from syncline.streams t where t.id = p_stream for no key update;
  select c.* into removed, restored, reverted, changed_since, unrecoverable from syncline.count_undo(p_run, p_stream) c;
  select array_agg(p.external_id), array_agg(p.version_pos), array_agg(p.verdict) into v_ids, v_versions, v_verdicts
    from syncline.plan_undo(p_run, p_stream) p where p.verdict in ('remove', 'restore', 'revert');
  if v_ids is not null then
    select l.* into v_lock from syncline.lock_stream(p_stream, cardinality(v_ids), true) l;
    with undone as (
      update syncline.records r
         set pos = v_lock.base + u.o, run_id = p_undo, last_modified_at = v_lock.changed_at, last_action = u.action::"char",
             deleted_at = case when u.action = 'D' then v_lock.changed_at end,
             pruned_at = case when u.action = 'D' then r.pruned_at end,
             first_seen_at = coalesce(u.first_seen_at, r.first_seen_at), hash = coalesce(u.hash, r.hash), payload = coalesce(u.payload, r.payload)
        from (
          select n.o, n.id, case n.verdict when 'remove' then 'D' when 'restore' then 'A' else 'U' end as action, v.first_seen_at, v.hash, v.payload
            from unnest(v_ids, v_versions, v_verdicts) with ordinality as n (id, version, verdict, o)
            left join lateral (
              select x.first_seen_at, x.hash, x.payload
                from syncline.record_versions x
               where x.stream_id = p_stream and x.external_id = n.id and x.pos = n.version and n.verdict <> 'remove'
               limit 1) v on true) u
       where r.stream_id = p_stream and r.external_id = u.id
      returning r.external_id
    )
    insert into syncline.record_versions
    select v.* from syncline.ending_versions(p_stream, array(select d.external_id from undone d), v_lock.changed_at) v where v_lock.keeps_history;
    perform syncline.note_changes(p_undo, p_stream, v_lock.changed_at, restored, reverted, removed, 0);
    if v_lock.lands then
      if restored + reverted > 0 and not p_fill_later then
        perform syncline.refuse_unfilled(p_run.id, p_stream, restored + reverted);
      end if;
      -- Whoever can open contents goes on filling from here.
      perform syncline.unland_rows(p_stream, v_ids);
      update syncline.landings n
         set filled_pos = case when n.filled_at is null then n.filled_pos else v_lock.base end, filled_at = null
       where n.stream_id = p_stream and restored + reverted > 0;
    end if;
  end if;
  return next;
end $$;
comment on function syncline.undo_stream(syncline.runs, bigint, int, boolean) is 'Undo what a run did to one stream, as changes of the run p_undo; what was done, in numbers. SL005 when rows of a table of the user''s would come back and may not be filled in later.';

create or replace function syncline.rewind_sync(p_run syncline.runs) returns void
language plpgsql volatile as $$
declare
  v_as syncline.runs := p_run;
  v_value jsonb;
  v_writer bigint;
  v_is_latest boolean := not exists (select from syncline.runs x where x.sync_id = p_run.sync_id and x.id > p_run.id and x.kind = 'sync');
begin
  v_as.kind := case p_run.kind when 'undo' then 'sync' else p_run.kind end;
  select k.value, k.run_id into v_value, v_writer from syncline.checkpoint_of(v_as) k;
  -- A run's checkpoint names it. What an undo left is given back the name of who had written it: whether the next run starts
  -- in the middle depends on that run (45_refresh.sql).
  if v_value is distinct from p_run.checkpoint_from
    and (case p_run.kind when 'undo' then v_is_latest and v_value is not distinct from p_run.checkpoint_to else v_writer = p_run.id end)
  then
    delete from syncline.checkpoints k using syncline.checkpoint_key(v_as) x
     where k.connection_id = x.connection_id and k.kind = x.kind and k.name = x.name and k.variant = x.variant;
    insert into syncline.checkpoints (connection_id, kind, name, variant, value, run_id)
    select x.connection_id, x.kind, x.name, x.variant, p_run.checkpoint_from, coalesce((
             select max(w.id) from syncline.runs w
              where w.sync_id = p_run.sync_id and w.id < p_run.id and w.kind = x.kind and w.checkpoint_to = p_run.checkpoint_from), 0)
      from syncline.checkpoint_key(v_as) x
     where p_run.checkpoint_from is not null;
  end if;
  update syncline.syncs s set last_success_at = p_run.last_success_at
   where s.id = p_run.sync_id and s.deleted_at is null
     and case p_run.kind when 'undo' then v_is_latest when 'sync' then s.last_success_at = p_run.started_at else false end;
end $$;
comment on function syncline.rewind_sync(syncline.runs) is 'Take back how far a run brought its sync: the checkpoint, if it is the one this run left, and the time of the last success.';

create or replace function syncline.begin_undo(p_run syncline.runs) returns syncline.runs
language plpgsql volatile as $$
declare
  v_undo syncline.runs;
begin
  insert into syncline.runs as r (
    environment_id, connection_id, sync_id, function_id, kind, origin, undoes_run_id, state, started_at, finished_at, sync_type, last_success_at)
  select s.environment_id, s.connection_id, s.id, p_run.function_id, 'undo', 'undo', p_run.id, 'succeeded', syncline.now(), syncline.now(),
         'INCREMENTAL', s.last_success_at
    from syncline.syncs s
   where s.id = p_run.sync_id
  returning r.* into v_undo;
  -- What the run had seen of a full refresh, and what it wanted deleted, is undone with it.
  perform syncline.close_refresh(w.id, 'discarded')
     from (select f.id from syncline.refreshes f where f.sync_id = p_run.sync_id and f.run_id = p_run.id and f.ended_at is null order by f.id for update) w;
  return v_undo;
end $$;
comment on function syncline.begin_undo(syncline.runs) is 'The run that undoes another; windows and parked deletes of that one are discarded.';

create or replace function syncline.undo_run(p_run bigint, p_rewind boolean default true, p_fill_later boolean default false)
returns table (model text, removed bigint, restored bigint, reverted bigint, changed_since bigint, unrecoverable bigint, undo_run bigint)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_sync int;
  v_run syncline.runs;
  v_undo syncline.runs;
  v_stream int;
begin
  select r.sync_id into v_sync from syncline.runs r where r.id = p_run for update;
  if v_sync is not null then
    perform syncline.lock_sync(v_sync);
  end if;
  v_run := syncline.undoable_run(p_run);
  v_undo := syncline.begin_undo(v_run);
  undo_run := v_undo.id;
  perform syncline.write_audit(s.environment_id, 'run.undone', 'run', p_run::text, syncline.audit_name('sync', to_jsonb(s)))
     from syncline.syncs s where s.id = v_run.sync_id;
  v_undo.kind := 'sync'; -- whose checkpoint it is about
  select k.value into v_undo.checkpoint_from from syncline.checkpoint_of(v_undo) k;
  for v_stream, model in select s.id, s.model from syncline.streams_of_run(p_run) s loop
    select u.* into removed, restored, reverted, changed_since, unrecoverable from syncline.undo_stream(v_run, v_undo.id, v_stream, p_fill_later) u;
    return next;
  end loop;
  if p_rewind then
    perform syncline.rewind_sync(v_run);
  end if;
  update syncline.runs r
     set checkpoint_from = v_undo.checkpoint_from, checkpoint_to = (select k.value from syncline.checkpoint_of(v_undo) k)
   where r.id = v_undo.id;
  perform syncline.announce_stream(s.id, v_undo.id,
    syncline.describe_run(v_undo) || jsonb_build_object('success', true, 'queryTimeStamp', syncline.webhook_time(v_undo.started_at)),
    false, v_undo.started_at)
     from syncline.streams_of_run(v_undo.id) s;
  perform syncline.ring_changes(array[v_undo.connection_id], array[v_undo.connection_id], '{}');
end $$;
comment on function syncline.undo_run(bigint, boolean, boolean) is 'Undo what a finished run of a sync changed, as a run of its own (undo_run, which can be undone too); per model: what it had added is removed, deleted is restored, updated is reverted; left alone is what others have changed since and what is unrecoverable. The sync goes back to where the run began unless p_rewind is false. SL002 when there is no such run, SL005 when it or its sync is live ("Pause the sync first") or when it is no sync''s, or when it brings back rows of a table that is delivered into ("Ask the server") and p_fill_later is false. Example: select * from syncline.undo_run(42);';

create or replace function syncline.check_run(p_environment int, p_run bigint) returns void
language plpgsql stable as $$
begin
  if not exists (select from syncline.runs r where r.id = p_run and r.environment_id = p_environment) then
    raise exception using errcode = 'SL002', message = 'no such run', detail = format('run %s', p_run);
  end if;
end $$;
comment on function syncline.check_run(int, bigint) is 'SL002 when an environment has no run of this number.';

create or replace function syncline.unfilled_landings(p_run bigint)
returns table (landing bigint, stream int, connection int, table_name text, columns jsonb)
language sql stable
begin atomic
  select n.id, n.stream_id, t.connection_id, n.table_name, n.columns
    from syncline.run_streams c
    join syncline.landings n on n.stream_id = c.stream_id
    join syncline.streams t on t.id = n.stream_id
   where c.run_id = p_run and n.filled_at is null
   order by n.stream_id;
end;
comment on function syncline.unfilled_landings(bigint) is 'The landings, of streams that a run wrote to, whose rows are not all there.';
