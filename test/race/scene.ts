// The scene of the races: one live run with everything that can be in each other's way, every call that changes it, and
// what must not be torn.
import type { Pool } from "../../src/db/pool.ts";
import { removeRecords } from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { makeFunction, makeRun, makeSync, manyRows, saveAll, startRun, worldOn } from "../helpers/world.ts";

const save = (id: string, hash: string) => `array['${id}'], array['${hash}'::bytea], array['sealed'::bytea]`;

export type Scene = Awaited<ReturnType<typeof setScene>>;

/**
 * A sync that is live with a window open, a parked refresh, two streams, one of which keeps history, one payload pruned, an
 * expired lease where asked; and the ended run of another sync that wrote to the first stream.
 */
export const setScene = async (pool: Pool) => {
  const db = await pool.connect();
  try {
    const w = worldOn(db);
    await db.query("begin");
    const { ids, fence, stream } = await makeRun(w, { models: ["Contact", "Company"] });
    await w.q("update syncline.functions set history_models = '{Contact}'");
    await w.q("select syncline.open_stream($1, $2, 'Contact')", [fence.run, fence.token]);
    const second = await w.one("select syncline.open_stream($1, $2, 'Company')", [fence.run, fence.token]);
    await saveAll(db, { ...fence, stream }, { ...manyRows(4), gone: "1" });
    await saveAll(db, { ...fence, stream: second }, manyRows(2));
    await w.q("update syncline.syncs set delete_limit_rows = 1 where id = $1", [ids.sync]);
    await w.q("select syncline.open_refresh($1, $2, $3)", [fence.run, fence.token, stream]);
    const parked = await w.one("select refresh_id from syncline.end_refresh($1, $2, $3)", [
      fence.run,
      fence.token,
      stream,
    ]);
    await w.q("select syncline.finish_run($1, $2)", [fence.run, fence.token]);
    await w.q("select syncline.prune_stream($1, 2, 10)", [stream]);
    const third = await makeSync(w, { beside: ids, sameConnection: true });
    const done = await startRun(db, third);
    await saveAll(db, { ...done, stream }, { r000002: "again", new: "1" });
    await removeRecords(db, { ...done, stream, ids: ["r000001"], deletedAt: [null] });
    await w.q("select syncline.finish_run($1, $2)", [done.run, done.token]);
    const at = await startRun(db, ids, { emptyCache: true });
    await w.q("select syncline.open_refresh($1, $2, $3)", [at.run, at.token, stream]);
    await w.q("update syncline.runs set lease_ends_at = syncline.now() - interval '1 s' where id = $1", [at.run]);
    const other = await makeSync(w, { beside: ids, sameConnection: true, nextRunAt: "2020-01-01Z" });
    const otherRun = await w.one("select syncline.create_run($1, 'trigger', false)", [other.sync]);
    await makeFunction(w, ids, { kind: "action", name: "act" });
    await makeFunction(w, ids, { kind: "on-event", name: "greet", event: "post-connection-creation" });
    const direct = { worker: "api", connection: ids.connection, kind: "action", name: "act" };
    const { id: action, token: actionToken } = await runs.startRun(db, direct);
    // The races take longer than a lease.
    await w.q("update syncline.runs set lease_ends_at = syncline.now() + interval '1 day' where id = $1", [action]);
    await w.q("select syncline.create_event_runs($1, 'post-connection-creation')", [ids.connection]);
    await w.q(
      "update syncline.streams set created_at = '2020-01-01Z', last_change_at = '2020-01-01Z' where id = any ($1)",
      [[stream, second]],
    );
    await w.q("update syncline.records set last_modified_at = '2020-01-01Z'");
    await db.query("commit");
    return {
      ...ids,
      ...at,
      stream,
      second,
      parked,
      done: done.run,
      otherSync: other.sync,
      otherRun,
      action,
      actionToken,
    };
  } finally {
    db.release();
  }
};

const FENCED: Record<string, (s: Scene) => string> = {
  save_records: (s) => `save_records(${s.run}, ${s.token}, ${s.stream}, ${save("r000001", "x")}, '{"page": 1}')`,
  diff_records: (s) => `diff_records(${s.run}, ${s.token}, ${s.stream}, array['r000003'], array['x'::bytea])`,
  replace_records: (s) =>
    `replace_records(${s.run}, ${s.token}, ${s.stream}, ${save("r000003", "y")}, array[3::bigint])`,
  remove_records: (s) =>
    `remove_records(${s.run}, ${s.token}, ${s.stream}, array['r000004'], array[null::timestamptz])`,
  set_merging_strategy: (s) => `set_merging_strategy(${s.run}, ${s.token}, ${s.stream}, 'ignore_if_modified_after')`,
  save_checkpoint: (s) => `save_checkpoint(${s.run}, ${s.token}, '{"page": 2}')`,
  clear_checkpoint: (s) => `clear_checkpoint(${s.run}, ${s.token})`,
  empty_cache: (s) => `empty_cache(${s.run}, ${s.token})`,
  open_refresh: (s) => `open_refresh(${s.run}, ${s.token}, ${s.stream})`,
  end_refresh: (s) => `end_refresh(${s.run}, ${s.token}, ${s.stream})`,
  write_metadata: (s) => `write_metadata(${s.run}, ${s.token}, '{"a": 1}', true)`,
  finish_run: (s) => `finish_run(${s.run}, ${s.token})`,
  fail_run: (s) => `fail_run(${s.run}, ${s.token}, '{"message": "x"}')`,
  interrupt_run: (s) => `interrupt_run(${s.run}, ${s.token})`,
  release_run: (s) => `release_run(${s.run}, ${s.token})`,
  finish_action: (s) => `finish_run(${s.action}, ${s.actionToken})`,
  fail_action: (s) => `fail_run(${s.action}, ${s.actionToken}, '{"message": "x"}')`,
  action_checkpoint: (s) => `save_checkpoint(${s.action}, ${s.actionToken}, '{"page": 3}')`,
  action_metadata: (s) => `write_metadata(${s.action}, ${s.actionToken}, '{"b": 1}', true)`,
};

const FREE: Record<string, (s: Scene) => string> = {
  cancel_run: (s) => `cancel_run(${s.run})`,
  cancel_action: (s) => `cancel_run(${s.action})`,
  start_run: (s) => `start_run('w3', ${s.connection}, 'action', 'act')`,
  create_event_runs: (s) => `create_event_runs(${s.connection}, 'post-connection-creation')`,
  heartbeat: (s) => `heartbeat('w1', '{}', array[${s.run}]::bigint[], array[${s.token}]::bigint[])`,
  requeue_expired: () => "requeue_expired(false)",
  tick: () => "tick(100)",
  claim_run: () => "claim_run('w2')",
  create_run: (s) => `create_run(${s.sync}, 'trigger', false)`,
  requeue_run: (s) => `requeue_run(${s.run})`,
  reset_sync: (s) => `reset_sync(${s.sync})`,
  pause_one: (s) => `pause_one(${s.sync})`,
  trigger_one: (s) => `trigger_one(${s.sync}, true, true)`,
  delete_sync: (s) => `delete_sync(${s.sync})`,
  retire_connection: (s) => `retire_connection(${s.connection})`,
  approve_deletes: (s) => `approve_deletes(${s.parked})`,
  discard_deletes: (s) => `discard_deletes(${s.parked})`,
  prune_stream: (s) => `prune_stream(${s.stream}, 1000, 10)`,
  prune_old_payloads: () => "prune_old_payloads(100)",
  expire_records: () => "expire_records()",
  sweep_streams: () => "sweep_streams(10)",
  undo_run: (s) => `undo_run(${s.done})`,
  tidy_versions: () => "tidy_versions(10)",
};

export const CALLS: Record<string, (s: Scene) => string> = { ...FENCED, ...FREE };

// What of the database a race must not tear: everything but ids, stamps and doorbells.
export const STATE = `
  select jsonb_build_object(
    'runs', (select jsonb_agg(jsonb_build_object('state', r.state, 'token', r.token, 'attempt', r.attempt, 'origin', r.origin,
                'empty', r.empty_cache, 'sync', r.sync_id - x.base, 'to', r.checkpoint_to) order by r.id)
               from syncline.runs r, (select min(id) as base from syncline.syncs) x),
    'syncs', (select jsonb_agg(jsonb_build_object('state', s.state, 'due', s.next_run_at is not null, 'failures', s.consecutive_failures,
                'idle', s.idle_interrupts, 'deleted', s.deleted_at is not null) order by s.id) from syncline.syncs s),
    'checkpoints', (select jsonb_agg(k.value order by k.name) from syncline.checkpoints k),
    'streams', (select jsonb_agg(jsonb_build_object('retired', t.retired_at is not null, 'records', t.records, 'pending',
                array[t.pending_added, t.pending_updated, t.pending_deleted]) order by t.id) from syncline.streams t),
    'records', (select jsonb_agg(jsonb_build_object('id', r.external_id, 'last', r.last_action, 'pruned', r.payload is null) order by r.stream_id, r.external_id)
                  from syncline.records r),
    'versions', (select jsonb_agg(jsonb_build_object('id', v.external_id, 'last', v.last_action, 'pruned', v.payload is null) order by v.stream_id, v.external_id, v.pos)
                   from syncline.record_versions v),
    'refreshes', (select jsonb_agg(jsonb_build_object('state', w.state, 'deleted', w.deleted) order by w.id) from syncline.refreshes w),
    'outbox', (select jsonb_agg(jsonb_build_object('kind', o.kind, 'results', o.body -> 'responseResults', 'ok', o.body -> 'success')
                 order by o.kind, o.body -> 'model', o.body -> 'responseResults', o.body -> 'success') from syncline.outbox o)) as state`;

const KEPT = [
  ...[
    "environments",
    "integrations",
    "connections",
    "data_keys",
    "functions",
    "syncs",
    "runs",
    "checkpoints",
    "streams",
    "records",
    "record_versions",
  ],
  ...[
    "run_streams",
    "refreshes",
    "refresh_seen",
    "refresh_missing",
    "outbox",
    "webhook_endpoints",
    "webhook_lanes",
    "workers",
  ],
];

/**
 * Set the scene once; `restore` brings it back in one round trip (setting it anew took 80 ms, of 3,000 times), by a function
 * whose plans a session keeps.
 */
export const stage = async (pool: Pool) => {
  const scene = await setScene(pool);
  await pool.query(
    `create schema kept; ${KEPT.map((name) => `create table kept.${name} as table syncline.${name}`).join("; ")}`,
  );
  const text = KEPT.map(
    (name) => `delete from syncline.${name}; insert into syncline.${name} overriding system value table kept.${name}`,
  );
  await pool.query(
    `create function kept.restore() returns void language plpgsql set session_replication_role = replica as $$
     begin ${text.join("; ")}; delete from graphile_worker._private_jobs; end $$`,
  );
  return { scene, restore: () => pool.query({ name: "restore", text: "select kept.restore()" }) };
};
