-- 58_sync.sql: syncs come and go with connections, functions and variants.
-- Promise: a started sync has a live run or a next tick; a deleted one has neither, and its run can write nothing more.
-- Lock order: connections, then runs, then syncs, then streams.
create or replace function syncline.stop_sync(p_sync int) returns boolean
language plpgsql volatile as $$
declare
  v_run bigint := syncline.lock_sync(p_sync);
begin
  return v_run is not null and syncline.cancel_run(v_run);
end $$;
comment on function syncline.stop_sync(int) is 'Cancel the live run of a sync, if any, and keep the sync locked until commit; true when there was one.';

create or replace function syncline.check_sync(p_sync int) returns void
language plpgsql stable as $$
begin
  if not exists (select from syncline.syncs s where s.id = p_sync and s.deleted_at is null) then
    raise exception using errcode = 'SL002', message = 'no such sync', detail = format('sync %s', p_sync),
      hint = 'select sync_id, environment, integration, connection, sync, variant from syncline.sync_overview;';
  end if;
end $$;
comment on function syncline.check_sync(int) is 'SL002 "no such sync" when there is none of this id, or it was deleted.';

create or replace function syncline.forget_sync(p_sync int) returns void
language plpgsql volatile as $$
begin
  delete from syncline.checkpoints k
   using syncline.syncs s
   where s.id = p_sync and k.connection_id = s.connection_id and k.kind = 'sync' and k.name = s.name and k.variant = s.variant;
  perform syncline.close_refresh(w.id, 'superseded')
     from syncline.refreshes w where w.sync_id = p_sync and w.state in ('open', 'deleting', 'needs_approval');
  update syncline.syncs set last_success_at = null, idle_interrupts = 0, stalled_at = null where id = p_sync;
end $$;
comment on function syncline.forget_sync(int) is 'Forget how far a sync got that has no live run: checkpoint, last success and open deletion windows. Its records stay.';

create or replace function syncline.reset_sync(p_sync int) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform syncline.stop_sync(p_sync); -- else its run would remember again
  perform syncline.check_sync(p_sync);
  perform syncline.forget_sync(p_sync);
  perform syncline.audit_sync(p_sync, 'sync.reset');
end $$;
comment on function syncline.reset_sync(int) is 'Make a sync forget how far it got: its live run is cancelled, checkpoint, last success and open deletion windows go. Its records stay; its next run starts from nothing. Example: select syncline.reset_sync(17);  (sync_id of sync_overview)';

create or replace function syncline.drop_webhook_calls(p_sync int) returns void
language plpgsql volatile as $$
declare
  v_run bigint := syncline.live_webhook_run(p_sync);
begin
  perform from syncline.runs r where r.id = v_run for update;
  update syncline.webhook_calls c
     set state = 'failed', due_at = null, ended_at = syncline.now(),
         error = '{"type": "sync_deleted", "message": "The sync was deleted before this was done."}'
   where c.sync_id = p_sync and c.ended_at is null;
  if v_run is not null then
    perform syncline.cancel_run(v_run);
  end if;
end $$;
comment on function syncline.drop_webhook_calls(int) is 'End the webhook run of a sync, whose row the caller has locked, and all calls that it is owed.';

create or replace function syncline.delete_sync(p_sync int) returns void
language plpgsql volatile as $$
begin
  perform syncline.stop_sync(p_sync);
  perform syncline.drop_webhook_calls(p_sync);
  perform syncline.forget_sync(p_sync);
  delete from syncline.checkpoints k
   using syncline.syncs s
   where s.id = p_sync and s.variant = 'base' and k.connection_id = s.connection_id and k.kind = 'webhook' and k.name = s.name;
  update syncline.syncs set deleted_at = syncline.now(), next_run_at = null where id = p_sync and deleted_at is null;
end $$;
comment on function syncline.delete_sync(int) is 'Stop a sync for good: its runs are cancelled, its checkpoints forgotten, the calls it is owed for webhooks end. Its records stay until they expire or their stream is retired.';

create or replace function syncline.install_sync(p_connection int, p_function int, p_variant text) returns uuid
language plpgsql volatile as $$
declare
  v_sync syncline.syncs;
begin
  -- "for share": the connection can't be deleted between this look at it and the commit of its sync.
  insert into syncline.syncs (environment_id, connection_id, function_id, name, variant, state, frequency)
  select n.environment_id, n.id, f.id, f.name, p_variant, case when f.auto_start then 'started' else 'paused' end, f.frequency
    from syncline.connections n, syncline.functions f
   where n.id = p_connection and n.deleted_at is null and f.id = p_function and f.kind = 'sync' and f.is_active
     for share of n
      on conflict do nothing
  returning * into v_sync;
  if v_sync.state = 'started' then
    perform syncline.create_run(v_sync.id, 'start', false);
  end if;
  return v_sync.uid;
end $$;
comment on function syncline.install_sync(int, int, text) is 'Let a connection run a sync function in a variant: at once when the function starts by itself, else paused. Its uid; null when it does already.';
