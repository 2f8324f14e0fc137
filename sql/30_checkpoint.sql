-- 30_checkpoint.sql: what a function remembers for its next run.
-- Promise: a checkpoint is written under the run's fence, in the transaction of the records it covers or a later one.
create or replace function syncline.get_checkpoint(p_run bigint) returns jsonb
language sql stable
return (
  select k.value from syncline.runs r cross join lateral syncline.checkpoint_of(r) k where r.id = p_run
);
comment on function syncline.get_checkpoint(bigint) is 'The checkpoint a run would continue from; null when there is none.';

create or replace function syncline.check_checkpoint(p_value jsonb) returns void
language plpgsql immutable as $$
declare
  v_bad text;
begin
  select format('field "%s"', left(f.key, 50)) into v_bad
    from jsonb_each(case jsonb_typeof(p_value) when 'object' then p_value else '{}' end) f
   where length(f.key) > 255 or jsonb_typeof(f.value) not in ('string', 'number', 'boolean') or length(f.value #>> '{}') > 4000
   limit 1;
  if jsonb_typeof(p_value) is distinct from 'object' then
    v_bad := 'the value';
  elsif (select count(*) from jsonb_object_keys(p_value)) > 16 then
    v_bad := 'the number of fields';
  end if;
  if v_bad is not null then
    raise exception using errcode = 'SL004', message = format('invalid checkpoint: %s', v_bad),
      hint = 'A checkpoint is an object of at most 16 fields; values are numbers, booleans, or texts of at most 4,000 characters.';
  end if;
end $$;
comment on function syncline.check_checkpoint(jsonb) is 'SL004 that names the field when a value may not be a checkpoint.';

create or replace function syncline.save_checkpoint(p_run bigint, p_token bigint, p_value jsonb) returns boolean
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
begin
  perform syncline.check_checkpoint(p_value);
  insert into syncline.checkpoints as k (connection_id, kind, name, variant, value, run_id)
  select x.connection_id, x.kind, x.name, x.variant, p_value, p_run from syncline.checkpoint_key(v_run) x
      on conflict (connection_id, kind, name, variant) do update
     set value = excluded.value, run_id = excluded.run_id, updated_at = syncline.now();
  return coalesce(v_run.interrupt_after <= syncline.now(), false); -- only runs of syncs have slices
end $$;
comment on function syncline.save_checkpoint(bigint, bigint, jsonb) is 'Remember a checkpoint; true when the run''s time slice is over and it should stop here, to go on in a new run.';

create or replace function syncline.clear_checkpoint(p_run bigint, p_token bigint) returns void
language plpgsql volatile as $$
declare
  v_run syncline.runs := syncline.fence_run(p_run, p_token);
begin
  delete from syncline.checkpoints k
   using syncline.checkpoint_key(v_run) x
   where k.connection_id = x.connection_id and k.kind = x.kind and k.name = x.name and k.variant = x.variant;
end $$;
comment on function syncline.clear_checkpoint(bigint, bigint) is 'Forget the checkpoint; nothing happens when there is none.';

create or replace function syncline.is_incremental(p_run bigint) returns boolean
language sql stable
return exists (
  select
    from syncline.runs r
   cross join lateral syncline.checkpoint_of(r) k
    left join syncline.runs w on w.id = k.run_id -- housekeeping may have deleted it long ago
   where r.id = p_run and k.run_id <> r.id and coalesce(w.state, 'succeeded') = 'succeeded'
);
comment on function syncline.is_incremental(bigint) is 'True when the run continues from a checkpoint that a finished run left: it will not see everything, so nothing may be deleted for not being seen.';
