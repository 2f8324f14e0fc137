-- An operator's session, with nothing but psql and the rights of syncline_operator. ops.test.ts makes the world it finds.
set role syncline_operator;

-- Customer "river" says its contacts are old. How are the connections?
select integration, connection, status, syncs, failing from syncline.connection_health order by connection;
select connection, sync, status, failures, live_run_id is not null as has_run from syncline.sync_overview where connection = 'river';

-- Why does it not get on?
select sync_id, connection_id from syncline.sync_overview where connection = 'river' and sync = 'contacts' \gset
select reason, remedy from syncline.why_waiting(:sync_id);

-- The provider answered 429 and asked for an hour. Meanwhile its run holds a place that others wait for: pause it.
select environment, queue, due, at_work from syncline.queue_depth where queue = 'runs';
select syncline.pause_sync(syncline.environment_id('dev'), 'acme', 'river', '{contacts}');
select last_run_id as run_id from syncline.sync_overview where sync_id = :sync_id \gset
select connection, function, state from syncline.run_overview where run_id = :run_id;
select reason, remedy from syncline.why_waiting(:sync_id);

-- The provider's support has raised the quota: what it said before is void.
select syncline.lift_rate_limits(:connection_id);
select status from syncline.connection_health where connection_id = :connection_id;

-- The run again, at once, and then by its schedule.
select syncline.requeue_run(:run_id) as run_id \gset
do $$ begin
  for v_try in 1 .. 600 loop
    exit when not exists (select from syncline.runs r where r.state in ('ready', 'running'));
    perform pg_sleep(0.05);
  end loop;
end $$;
select function, state, origin, added, unchanged from syncline.run_overview where run_id = :run_id;
select syncline.start_one(:sync_id);
do $$ begin
  for v_try in 1 .. 600 loop
    exit when not exists (select from syncline.runs r where r.state in ('ready', 'running'));
    perform pg_sleep(0.05);
  end loop;
end $$;
select connection, sync, status from syncline.sync_overview where sync_id = :sync_id;

-- Deletes that stopped at the brake: the customer did close the workspace, so they are right.
select connection, model, records, missing, live from syncline.stream_overview where parked_refresh_id is not null;
select parked_refresh_id from syncline.stream_overview where parked_refresh_id is not null \gset
select syncline.approve_deletes(:parked_refresh_id) as deleted;
select connection, model, records from syncline.stream_overview order by connection, model;

-- Somebody had "river" synced with the wrong workspace's companies: that run never was.
select syncline.trigger_one(sync_id) as run_id from syncline.sync_overview where connection = 'river' and sync = 'companies' \gset
do $$ begin
  for v_try in 1 .. 600 loop
    exit when not exists (select from syncline.runs r where r.state in ('ready', 'running'));
    perform pg_sleep(0.05);
  end loop;
end $$;
select connection, function, state, added from syncline.run_overview where run_id = :run_id;
select model, removed, restored, reverted, changed_since, unrecoverable from syncline.undo_run(:run_id);
select connection, model, records from syncline.stream_overview where connection = 'river' order by model;

-- What is left over?
select * from syncline.stuck_runs;
select connection, sync, status from syncline.sync_overview order by connection, sync;
select * from syncline.check_invariants();
