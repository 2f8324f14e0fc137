-- 18_checkpoint_key.sql: where the checkpoint of a run stands.
-- Promise: a function's runs of one kind share a checkpoint for each connection and variant; runs without a sync are of
-- variant "base".
create or replace function syncline.checkpoint_key(p_run syncline.runs)
returns table (connection_id int, kind text, name text, variant text)
language sql stable
begin atomic
  select p_run.connection_id, p_run.kind, s.name, s.variant
    from syncline.syncs s
   where s.id = p_run.sync_id
  union all
  select p_run.connection_id, p_run.kind, f.name, 'base'
    from syncline.functions f
   where f.id = p_run.function_id and p_run.sync_id is null;
end;
comment on function syncline.checkpoint_key(syncline.runs) is 'The key of the checkpoint that a run reads and writes.';

create or replace function syncline.checkpoint_of(p_run syncline.runs) returns table (value jsonb, run_id bigint)
language sql stable
begin atomic
  select k.value, k.run_id
    from syncline.checkpoint_key(p_run) x
    join syncline.checkpoints k
      on k.connection_id = x.connection_id and k.kind = x.kind and k.name = x.name and k.variant = x.variant;
end;
comment on function syncline.checkpoint_of(syncline.runs) is 'The checkpoint that a run would continue from, and the run that wrote it; no row when there is none.';
