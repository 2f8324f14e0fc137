-- 52_history.sql: records as they were.
-- A record's versions and the row that holds now are one line in time; a version holds from valid_from until just before
-- valid_to. Pages are by id: the same page of the same instant is always the same, whatever changes meanwhile.
-- Promise: what is answered is complete: an instant from before the history began, or forgotten since, is refused.
create or replace function syncline.record_timeline(p_stream int)
returns table (
  external_id text, pos bigint, valid_from timestamptz, valid_to timestamptz, first_seen_at timestamptz, last_action "char",
  deleted_at timestamptz, pruned_at timestamptz, run_id bigint, hash bytea, payload bytea)
language sql stable
begin atomic
  select v.external_id, v.pos, v.valid_from, v.valid_to, v.first_seen_at, v.last_action, v.deleted_at, v.pruned_at, v.run_id, v.hash, v.payload
    from syncline.record_versions v
   where v.stream_id = p_stream
  union all
  select r.external_id, r.pos, r.last_modified_at, 'infinity', r.first_seen_at, r.last_action, r.deleted_at, r.pruned_at, r.run_id, r.hash, r.payload
    from syncline.records r
   where r.stream_id = p_stream;
end;
-- Whoever compares its ids says collate "C": that of the indexes is lost on the way out of a function (650 ms against 0.2).
comment on function syncline.record_timeline(int) is 'All that is known of a stream''s records: the versions that ended, and those that hold, until infinity.';

create or replace function syncline.check_instant(p_stream int, p_at timestamptz) returns void
language plpgsql stable as $$
declare
  v_stream syncline.streams;
begin
  select t.* into v_stream from syncline.streams t where t.id = p_stream and t.retired_at is null;
  if not found then
    raise exception using errcode = 'SL002', message = format('stream %s does not exist any more', p_stream);
  elsif v_stream.history_since is null then
    raise exception using errcode = 'SL005', message = format('no history of model "%s" is kept', v_stream.model),
      hint = format('createSync({ …, history: ["%s"] }) keeps it from the next run on.', v_stream.model);
  elsif p_at < v_stream.history_since then
    raise exception using errcode = 'SL005', message = format('the history of model "%s" begins at %s', v_stream.model, syncline.webhook_time(v_stream.history_since)),
      detail = format('%s lies before', syncline.webhook_time(p_at)),
      hint = 'What is older than settings.history_retention is forgotten.';
  elsif p_at is null or p_at > greatest(syncline.wall_clock(), v_stream.last_change_at) then
    raise exception using errcode = 'SL004', message = coalesce(format('%s lies in the future', syncline.webhook_time(p_at)), 'an instant is missing');
  end if;
end $$;
comment on function syncline.check_instant(int, timestamptz) is 'Nothing when a stream''s past is known at an instant, else SL002 (no such stream), SL005 (no history, or none from so long ago) or SL004 (the future).';

create or replace function syncline.records_as_of(p_stream int, p_at timestamptz, p_after text default null, p_limit int default null)
returns table (
  external_id text, pos bigint, first_seen_at timestamptz, last_modified_at timestamptz, last_action text, pruned_at timestamptz,
  run_id bigint, hash bytea, payload bytea)
language plpgsql stable as $$
begin
  perform syncline.check_instant(p_stream, p_at);
  return query
    select t.external_id, t.pos, t.first_seen_at, t.valid_from, t.last_action::text, t.pruned_at, t.run_id, t.hash, t.payload
      from syncline.record_timeline(p_stream) t
     where t.valid_from <= p_at and t.valid_to > p_at and t.last_action <> 'D' and t.external_id > coalesce(p_after, '') collate "C"
     order by t.external_id collate "C"
     limit p_limit;
end $$;
comment on function syncline.records_as_of(int, timestamptz, text, int) is 'The live records of a stream as they were at an instant, by id, after an id. A payload pruned since is null. Errors: check_instant.';

create or replace function syncline.diff_records_between(
  p_stream int, p_from timestamptz, p_to timestamptz, p_after text default null, p_limit int default null)
returns table (
  external_id text, change text, old_pos bigint, new_pos bigint, old_hash bytea, new_hash bytea, old_payload bytea, new_payload bytea)
language plpgsql stable as $$
begin
  perform syncline.check_instant(p_stream, p_from);
  perform syncline.check_instant(p_stream, p_to);
  if p_from > p_to then
    raise exception using errcode = 'SL004', message = 'the first instant lies after the second';
  end if;
  -- A version that held at both is no change, so only those that began or ended in between are looked at.
  return query
    select coalesce(a.external_id, b.external_id),
           case when a.external_id is null then 'added' when b.external_id is null then 'deleted' else 'updated' end,
           a.pos, b.pos, a.hash, b.hash, a.payload, b.payload
      from (select t.* from syncline.record_timeline(p_stream) t
             where t.valid_from <= p_from and t.valid_to > p_from and t.valid_to <= p_to and t.last_action <> 'D') a
      full join (select t.* from syncline.record_timeline(p_stream) t
             where t.valid_from > p_from and t.valid_from <= p_to and t.valid_to > p_to and t.last_action <> 'D') b
        on b.external_id = a.external_id
     where a.hash is distinct from b.hash and coalesce(a.external_id, b.external_id) > coalesce(p_after, '') collate "C"
     order by coalesce(a.external_id, b.external_id) collate "C"
     limit p_limit;
end $$;
comment on function syncline.diff_records_between(int, timestamptz, timestamptz, text, int) is 'What differs between a stream at two instants, by id, after an id: added, updated or deleted, with what was and what came. What changed and changed back in between is no difference. Errors: check_instant.';

create or replace function syncline.record_history(p_stream int, p_id text)
returns table (
  pos bigint, valid_from timestamptz, valid_to timestamptz, last_action text, first_seen_at timestamptz, deleted_at timestamptz,
  pruned_at timestamptz, run_id bigint, hash bytea, payload bytea)
language sql stable
begin atomic
  select t.pos, t.valid_from, nullif(t.valid_to, 'infinity'), t.last_action::text, t.first_seen_at, t.deleted_at, t.pruned_at, t.run_id,
         t.hash, t.payload
    from syncline.record_timeline(p_stream) t
   where t.external_id = p_id collate "C"
   order by t.pos;
end;
comment on function syncline.record_history(int, text) is 'All versions of one record that are known, the oldest first; the last one, which holds, has no valid_to.';

create or replace function syncline.broken_histories()
returns table (stream_id int, external_id text, detail text)
language sql stable
begin atomic
  select v.stream_id, v.external_id, format('version %s ends at %s, the next begins at %s', v.pos, v.valid_to, coalesce(v.next_from, r.last_modified_at))
    from (
      select x.stream_id, x.external_id, x.pos, x.valid_to, lead(x.valid_from) over w as next_from
        from syncline.record_versions x
      window w as (partition by x.stream_id, x.external_id order by x.pos)) v
    join syncline.streams t on t.id = v.stream_id and v.valid_to > t.history_since
    left join syncline.records r on r.stream_id = v.stream_id and r.external_id = v.external_id
   where v.valid_to is distinct from coalesce(v.next_from, r.last_modified_at);
end;
comment on function syncline.broken_histories() is 'Versions that do not end where the next one begins: overlaps and gaps. None, unless something is wrong. Reads every version once.';
