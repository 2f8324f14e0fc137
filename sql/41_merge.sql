-- 41_merge.sql: saving into records that are there: what is read, merged and stored again, and which change wins.
-- Promise: a merge is stored only over the very version it was made from; whoever comes too late is told to merge anew.
create or replace function syncline.get_records(p_stream int, p_ids text[])
returns table (external_id text, pos bigint, payload bytea)
language sql stable
begin atomic
  select r.external_id, r.pos, r.payload
    from unnest(p_ids) as u (id)
    join lateral (
      select t.external_id, t.pos, t.payload
        from syncline.records t
       where t.stream_id = p_stream and t.external_id = u.id and t.last_action <> 'D'
       limit 1) r on true;
end;
comment on function syncline.get_records(int, text[]) is 'Live records by id with their positions and sealed payloads, for a merge.';

create or replace function syncline.replace_records(
  p_run bigint, p_token bigint, p_stream int, p_ids text[], p_hashes bytea[], p_payloads bytea[], p_positions bigint[],
  p_landing bigint default null, p_rows text default null) returns text
language plpgsql volatile as $$
declare
  v_not_after bigint;
  v_base bigint;
  v_at timestamptz;
  v_keeps boolean;
  v_letters text;
begin
  perform syncline.fence_run(p_run, p_token);
  select c.not_after into v_not_after from syncline.run_streams c where c.run_id = p_run and c.stream_id = p_stream;
  select l.base, l.changed_at, l.keeps_history into v_base, v_at, v_keeps
    from syncline.lock_stream(p_stream, cardinality(p_ids), p_landing is not null) l;
  with stored as (
    update syncline.records r
       set pos = v_base + u.o, run_id = p_run, hash = u.hash, payload = u.payload, last_action = 'U', last_modified_at = v_at,
           pruned_at = null
      from unnest(p_ids, p_hashes, p_payloads, p_positions) with ordinality as u (id, hash, payload, pos, o)
     where r.stream_id = p_stream and r.external_id = u.id and r.pos = u.pos and r.last_action <> 'D'
       and (v_not_after is null or r.pos <= v_not_after or r.run_id = p_run)
    returning r.pos, r.external_id
  ), kept as (
    insert into syncline.record_versions
    select v.* from syncline.ending_versions(p_stream, array(select s.external_id from stored s), v_at) v where v_keeps
  )
  select coalesce(string_agg(case
           when s.pos is not null then 'U'
           when exists (
             select from syncline.records r
              where r.stream_id = p_stream and r.external_id = u.id and r.pos > v_not_after and r.run_id <> p_run) then '.'
           else '!' end, '' order by u.o), '')
    into v_letters
    from unnest(p_ids) with ordinality as u (id, o)
    left join stored s on s.pos = v_base + u.o;
  perform syncline.note_changes(p_run, p_stream, v_at, 0, length(translate(v_letters, '.!', '')), 0, length(translate(v_letters, 'U!', '')));
  if p_landing is not null then
    perform syncline.land_rows(p_landing, p_stream, p_ids, p_hashes, p_rows);
  end if;
  return v_letters;
end $$;
comment on function syncline.replace_records(bigint, bigint, int, text[], bytea[], bytea[], bigint[], bigint, text) is 'Store new contents of live records that still stand at the given positions. Per record: U stored, . a newer change wins, ! changed meanwhile: read it again and merge anew.';

create or replace function syncline.set_merging_strategy(p_run bigint, p_token bigint, p_stream int, p_strategy text) returns void
language plpgsql volatile as $$
begin
  perform syncline.fence_run(p_run, p_token);
  if p_strategy is null or p_strategy not in ('override', 'ignore_if_modified_after') then
    raise exception using errcode = 'SL004', message = format('"%s" is not a merging strategy', p_strategy),
      hint = 'Use override or ignore_if_modified_after.';
  end if;
  perform syncline.count_changes(p_run, p_stream, 0, 0, 0, 0);
  update syncline.run_streams c
     set not_after = case p_strategy when 'override' then null else s.head end
    from syncline.streams s
   where c.run_id = p_run and c.stream_id = p_stream and s.id = p_stream;
end $$;
comment on function syncline.set_merging_strategy(bigint, bigint, int, text) is 'override: what the run saves wins. ignore_if_modified_after: a record somebody else changed after this moment is left alone by this run.';
