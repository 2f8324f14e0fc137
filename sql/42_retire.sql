-- 42_retire.sql: dropping the records of whole streams at once.
-- Promise: what is retired is found by nobody from its commit on; housekeeping deletes its rows later in small steps. Rows
-- of a table of the user's go in that commit.
-- Lock order: streams in the order of their ids.
create or replace function syncline.retire_streams(p_connection int, p_models text[], p_variant text) returns int
language sql volatile
begin atomic
  with old as (
    select t.id, t.lands
      from syncline.streams t
     where t.connection_id = p_connection and t.retired_at is null
       and (p_models is null or t.model = any (p_models)) and (p_variant is null or t.variant = p_variant)
     order by t.id
       for no key update
  ), gone as (
    update syncline.streams t set retired_at = syncline.now(), lands = false from old where t.id = old.id returning t.id, old.lands
  )
  select count(g.*)::int from gone g left join lateral syncline.clear_landing(g.id) c on g.lands;
end;
comment on function syncline.retire_streams(int, text[], text) is 'Hide the records of a connection, of some models or a variant (null: all), for housekeeping to delete; how many streams.';

create or replace function syncline.empty_cache(p_run bigint, p_token bigint) returns void
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.hold_run(p_run, p_token);
begin
  if v_run.empty_cache then
    perform syncline.retire_streams(v_run.connection_id, f.models, s.variant)
       from syncline.syncs s, syncline.functions f
      where s.id = v_run.sync_id and f.id = v_run.function_id;
    update syncline.runs set empty_cache = false where id = p_run;
  end if;
end $$;
comment on function syncline.empty_cache(bigint, bigint) is 'Drop all records of a run''s models and variant, once, when the run was asked to; cursors from before become invalid.';
