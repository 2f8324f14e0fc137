-- 50_cursor.sql: reading a stream.
-- Promise: positions are committed in order, so whoever keeps the position of the last record it read and asks for what
-- comes after misses nothing and sees nothing twice at the same position, whatever runs at the same time.
create or replace function syncline.find_stream(p_connection int, p_model text, p_variant text, p_cursor_stream int) returns int
language plpgsql stable as $$
declare
  v_stream int;
begin
  select t.id into v_stream from syncline.streams t
   where t.connection_id = p_connection and t.model = p_model and t.variant = p_variant and t.retired_at is null;
  if p_cursor_stream is not null and p_cursor_stream is distinct from v_stream then
    if exists (select from syncline.streams t where t.id = p_cursor_stream
                and (t.connection_id, t.model, t.variant) is distinct from (p_connection, p_model, p_variant)) then
      raise exception using errcode = 'SL003', message = 'this cursor belongs to another connection, model or variant',
        hint = 'Use the cursor of a record of the same connection, model and variant.';
    end if;
    -- Retired, or swept already: ids of streams are never given out again.
    raise exception using errcode = 'SL003', message = 'this cursor is from before the cache was emptied',
      hint = 'Read again from the start, without a cursor.';
  end if;
  return v_stream;
end $$;
comment on function syncline.find_stream(int, text, text, int) is 'The stream of a connection, model and variant; null when nothing was ever saved. SL003 when a cursor is of another stream or from before the cache was emptied.';

create or replace function syncline.first_position_since(p_stream int, p_since timestamptz) returns bigint
language plpgsql stable as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_mid bigint;
  v_pos bigint;
  v_at timestamptz;
begin
  -- last_modified_at never falls as positions rise: some 20 index probes do what a second index would cost at each save.
  select t.head + 1 into v_high from syncline.streams t where t.id = p_stream;
  while v_low < v_high loop
    v_mid := (v_low + v_high) / 2;
    select r.pos, r.last_modified_at into v_pos, v_at from syncline.records r
     where r.stream_id = p_stream and r.pos >= v_mid order by r.pos limit 1;
    if v_at is null or v_at >= p_since then
      v_high := v_mid;
    else
      v_low := v_pos + 1;
    end if;
  end loop;
  return v_low;
end $$;
comment on function syncline.first_position_since(int, timestamptz) is 'The position from which on all records of a stream were modified at or after a time.';

create or replace function syncline.read_records(
  p_connection int, p_model text, p_variant text, p_after_stream int, p_after_pos bigint, p_modified_after timestamptz,
  p_actions text[], p_ids text[], p_limit int, p_with_payload boolean default true)
returns table (stream_id int, external_id text, pos bigint, first_seen_at timestamptz, last_modified_at timestamptz,
  last_action text, deleted_at timestamptz, pruned_at timestamptz, payload bytea)
language plpgsql stable as $$
declare
  v_stream int := syncline.find_stream(p_connection, p_model, p_variant, p_after_stream);
  v_from bigint := coalesce(p_after_pos + 1, 0);
begin
  if p_modified_after is not null then
    v_from := greatest(v_from, syncline.first_position_since(v_stream, p_modified_after));
  end if;
  if p_ids is not null then
    return query
      select r.stream_id, r.external_id, r.pos, r.first_seen_at, r.last_modified_at, r.last_action::text, r.deleted_at, r.pruned_at,
             case when p_with_payload then r.payload end
        from syncline.records r
       where r.stream_id = v_stream and r.external_id = any (p_ids) and r.pos >= v_from
         and (p_actions is null or r.last_action::text = any (p_actions))
       order by r.pos
       limit p_limit;
  else
    return query
      select r.stream_id, r.external_id, r.pos, r.first_seen_at, r.last_modified_at, r.last_action::text, r.deleted_at, r.pruned_at,
             case when p_with_payload then r.payload end
        from syncline.records r
       where r.stream_id = v_stream and r.pos >= v_from
         and (p_actions is null or r.last_action::text = any (p_actions))
       order by r.stream_id, r.pos
       limit p_limit;
  end if;
end $$;
comment on function syncline.read_records(int, text, text, int, bigint, timestamptz, text[], text[], int, boolean) is 'Records of a stream in the order of their latest changes, after a cursor, modified since, with these last actions (A, U, D) or ids; without their payloads where these are not wanted.';

create or replace function syncline.prune_stream(p_stream int, p_until_pos bigint, p_limit int)
returns table (count int, has_more boolean)
language plpgsql volatile as $$
declare
  v_last bigint;
begin
  -- The stream first, as a save does: it would wait for our records and we for its stream.
  perform from syncline.streams t where t.id = p_stream for no key update;
  -- pruned_pos: nothing at or before it has a payload, so that no sweep walks over what earlier ones did.
  with oldest as (
    select r.pos from syncline.records r
     where r.stream_id = p_stream and r.pos <= p_until_pos and r.payload is not null
       and r.pos > (select t.pruned_pos from syncline.streams t where t.id = p_stream)
     order by r.stream_id, r.pos
     limit p_limit
       for update
  ), pruned as (
    update syncline.records r set payload = null, pruned_at = syncline.now()
      from oldest o
     where r.stream_id = p_stream and r.pos = o.pos
    returning r.pos, r.external_id
  ), pruned_versions as (
    update syncline.record_versions v set payload = null, pruned_at = syncline.now()
     where v.stream_id = p_stream and v.external_id = any (array(select p.external_id from pruned p)) and v.payload is not null
  )
  select count(*), max(p.pos) into count, v_last from pruned p;
  has_more := exists (
    select from syncline.records r
     where r.stream_id = p_stream and r.pos > v_last and r.pos <= p_until_pos and r.payload is not null);
  update syncline.streams set pruned_pos = greatest(pruned_pos, v_last) where id = p_stream and v_last is not null;
  return next;
end $$;
comment on function syncline.prune_stream(int, bigint, int) is 'Forget the payloads of up to that many records of one stream, the oldest first, up to a position, and those of their versions.';

create or replace function syncline.prune_records(
  p_connection int, p_model text, p_variant text, p_until_stream int, p_until_pos bigint, p_limit int)
returns table (count int, has_more boolean)
language plpgsql volatile as $$
declare
  v_stream int := syncline.find_stream(p_connection, p_model, p_variant, p_until_stream);
begin
  select p.count, p.has_more into count, has_more from syncline.prune_stream(v_stream, p_until_pos, p_limit) p;
  return next;
end $$;
comment on function syncline.prune_records(int, text, text, int, bigint, int) is 'Forget the payloads of the oldest records up to a cursor; the records, their order and cursors stay.';
