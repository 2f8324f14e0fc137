-- 85_approval.sql: deletes that stopped at the brake, for somebody to decide.
-- Promise: what is deleted in the end was missed by the refresh and has not changed since; the app is told.
create or replace function syncline.approve_deletes(p_refresh bigint) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_window syncline.refreshes;
  v_run syncline.runs;
  v_deleted bigint;
begin
  -- Run and sync first, which foreign keys want later: see the lock order in 20_run.sql. A new window may be open meanwhile.
  perform from syncline.runs r join syncline.refreshes w on w.run_id = r.id where w.id = p_refresh for key share of r;
  perform from syncline.syncs s join syncline.refreshes w on w.sync_id = s.id where w.id = p_refresh for key share of s;
  select w.* into v_window from syncline.refreshes w where w.id = p_refresh and w.state = 'needs_approval' for update;
  if not found then
    raise exception using errcode = 'SL005', message = format('refresh %s does not wait for approval', p_refresh),
      hint = 'select parked_refresh_id, missing, model, connection from syncline.stream_overview where parked_refresh_id is not null;';
  end if;
  while syncline.delete_chunk(p_refresh) is not null loop
  end loop;
  perform syncline.audit_sync(v_window.sync_id, 'sync.deletes_approved');
  select w.deleted into v_deleted from syncline.refreshes w where w.id = p_refresh;
  select r.* into v_run from syncline.runs r where r.id = v_window.run_id;
  perform syncline.announce_stream(v_window.stream_id, v_run.id,
    syncline.describe_run(v_run) || jsonb_build_object('success', true, 'queryTimeStamp', syncline.webhook_time(syncline.now())),
    false, syncline.now());
  perform syncline.ring_changes(array[v_run.connection_id], '{}', '{}');
  return v_deleted;
end $$;
comment on function syncline.approve_deletes(bigint) is 'Apply the deletes of a refresh that stopped at the brake; how many records were deleted. The app is told by webhook. Example: select syncline.approve_deletes(7);  (parked_refresh_id of stream_overview)';

create or replace function syncline.discard_deletes(p_refresh bigint) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_missing bigint;
  v_sync int;
begin
  select w.missing, w.sync_id into v_missing, v_sync from syncline.refreshes w where w.id = p_refresh and w.state = 'needs_approval' for update;
  if not found then
    raise exception using errcode = 'SL005', message = format('refresh %s does not wait for approval', p_refresh);
  end if;
  perform syncline.close_refresh(p_refresh, 'discarded');
  perform syncline.audit_sync(v_sync, 'sync.deletes_discarded');
  return v_missing;
end $$;
comment on function syncline.discard_deletes(bigint) is 'Drop the deletes of a refresh that stopped at the brake; how many records stay. Example: select syncline.discard_deletes(7);';
