// 22_direct_run.sql: runs of a connection alone: actions and event functions.
import assert from "node:assert/strict";
import * as checkpoints from "../../src/db/checkpoints.ts";
import { openStream } from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { type Fence, type Ids, makeFunction, makeRun, makeSync, sqlTests, type World } from "../helpers/world.ts";

const CREATION = "post-connection-creation";

const makeAction = async (w: World): Promise<Ids & { action: number }> => {
  const ids = await makeSync(w);
  return { ...ids, action: await makeFunction(w, ids, { kind: "action", name: "send" }) };
};

const start = async (w: World, { connection }: Pick<Ids, "connection">): Promise<Fence> => {
  const { id: run, token } = await runs.startRun(w.db, { worker: "api", connection, kind: "action", name: "send" });
  return { run, token };
};

const stateOf = async (w: World, run: number) =>
  (await w.q("select state, error ->> 'type' as error from syncline.runs where id = $1", [run]))[0];

const createEventRuns = (w: World, { connection }: Pick<Ids, "connection">, event = CREATION) =>
  w.one("select syncline.create_event_runs($1, $2)", [connection, event]);

const outbox = (w: World) => w.one("select count(*) from syncline.outbox");

sqlTests("22_direct_run", {
  "a started action runs at once under a lease of its caller, who learns what a claim says": async (w) => {
    const ids = await makeAction(w);
    const { connection } = ids;
    const lease = await runs.startRun(w.db, { worker: "api", connection, kind: "action", name: "send" });
    const { id: _id, connection_name: _name, integration_id: _integration, environment_name: _env, ...known } = lease;
    assert.deepEqual(known, {
      token: 1,
      attempt: 1,
      kind: "action",
      environment_id: ids.environment,
      connection_id: connection,
      provider_config_key: await w.one("select unique_key from syncline.integrations where id = $1", [ids.integration]),
      provider: "acme",
      sync_id: null,
      sync_uid: null,
      sync_name: "send",
      variant: "base",
      function_id: ids.action,
      function_hash: "hash",
      models: [],
      track_deletes: false,
      delivers: false,
      empty_cache: false,
      last_success_at: null,
      started_at: "2026-03-01T00:00:00.000000+00:00",
      timeout_ms: 15 * 60_000,
      record_validation: "warn",
    });
    const [row] = await w.q("select state, worker, origin, lease_ends_at from syncline.runs where id = $1", [lease.id]);
    const leaseEnds = "2026-03-01T00:00:20.000000+00:00";
    assert.deepEqual(row, { state: "running", worker: "api", origin: "api", lease_ends_at: leaseEnds });
    assert.equal(await runs.claimRun(w.db, { worker: "w" }), undefined);
  },
  "only an active action or event function of a living connection's own integration is started": async (w) => {
    const ids = await makeAction(w);
    const stranger = await makeSync(w);
    const refused = (connection: number, kind: string, name: string) =>
      w.refuses("SL002", /^no such function$/, () => runs.startRun(w.db, { worker: "api", connection, kind, name }));
    await refused(ids.connection, "action", "missing");
    await refused(ids.connection, "on-event", "send");
    await refused(stranger.connection, "action", "send");
    const sync = await w.one("select name from syncline.syncs where id = $1", [ids.sync]);
    await refused(ids.connection, "sync", sync);
    await w.q("update syncline.functions set is_active = false where id = $1", [ids.action]);
    await refused(ids.connection, "action", "send");
    await w.q("update syncline.functions set is_active = true where id = $1", [ids.action]);
    await w.q("update syncline.connections set deleted_at = syncline.now() where id = $1", [ids.connection]);
    await refused(ids.connection, "action", "send");
  },
  "an action's end changes its run and nothing else": async (w) => {
    const ids = await makeAction(w);
    const syncs = () => w.q("select * from syncline.syncs");
    const before = await syncs();
    const good = await start(w, ids);
    assert.equal(await runs.finishRun(w.db, good), 0);
    const bad = await start(w, ids);
    assert.equal(await runs.failRun(w.db, { ...bad, error: { type: "script_http_error", message: "no" } }), 0);
    const cancelled = await start(w, ids);
    assert.equal(await runs.cancelRun(w.db, { run: cancelled.run }), true);
    assert.deepEqual(await stateOf(w, good.run), { state: "succeeded", error: null });
    assert.deepEqual(await stateOf(w, bad.run), { state: "failed", error: "script_http_error" });
    assert.deepEqual(await stateOf(w, cancelled.run), { state: "cancelled", error: null });
    assert.deepEqual(await syncs(), before);
    assert.equal(await outbox(w), 0);
    await w.refuses("SL001", /^lease lost$/, () => runs.finishRun(w.db, good));
  },
  "a run without a sync whose worker is lost fails and is not tried again; one of a sync is": async (w) => {
    const ids = await makeAction(w);
    await makeFunction(w, ids, { kind: "on-event", name: "greet", event: CREATION });
    const sync = await makeRun(w);
    const action = await start(w, ids);
    await createEventRuns(w, ids);
    const event = await runs.claimRun(w.db, { worker: "w" });
    await w.forward("15 s");
    await runs.heartbeat(w.db, { worker: "api", pools: [], runs: [action.run], tokens: [action.token] });
    await w.forward("6 s");
    const ticked = async () => {
      const { requeued, buried } = await runs.tick(w.db, { limit: 10 });
      return { requeued, buried };
    };
    assert.deepEqual(await ticked(), { requeued: 1, buried: 1 }, "the action's lease was renewed");
    await w.forward("20 s");
    assert.deepEqual(await ticked(), { requeued: 0, buried: 1 });
    assert.deepEqual(await stateOf(w, event!.id), { state: "failed", error: "worker_lost" });
    assert.deepEqual(await stateOf(w, action.run), { state: "failed", error: "worker_lost" });
    assert.equal((await stateOf(w, sync.fence.run))?.state, "ready");
    assert.equal(await runs.requeueExpired(w.db, { nobodyLives: true }), 0);
  },
  "an event makes a ready run of each of its functions, which any worker claims before the schedule": async (w) => {
    const ids = await makeSync(w, { nextRunAt: "2026-02-28T00:00:00Z" });
    await runs.dispatchDue(w.db, { limit: 1 });
    await makeFunction(w, ids, { kind: "on-event", name: "greet", event: CREATION });
    await makeFunction(w, ids, { kind: "on-event", name: "count", event: CREATION });
    await makeFunction(w, ids, { kind: "on-event", name: "leave", event: "pre-connection-deletion" });
    const jobs = () => w.one("select count(*) from graphile_worker.jobs where task_identifier = 'run'");
    const before = await jobs();
    assert.equal(await createEventRuns(w, ids), 2);
    assert.equal((await jobs()) - before, 2);
    const claimed = [];
    for (let n = 1; n <= 3; n++) claimed.push(await runs.claimRun(w.db, { worker: "w" }));
    const seen = claimed.map((lease) => [lease?.kind, lease?.sync_name, lease?.timeout_ms]);
    assert.deepEqual(seen.slice(0, 2), [
      ["on-event", "count", 300_000],
      ["on-event", "greet", 300_000],
    ]);
    assert.equal(claimed[2]?.kind, "sync");
    assert.deepEqual(
      await runs.listEventFunctions(w.db, { connection: ids.connection, event: "validate-connection" }),
      [],
    );
  },
  "runs without a sync remember a checkpoint by connection, kind and name, and have no time slice": async (w) => {
    const ids = await makeAction(w);
    const first = await start(w, ids);
    assert.equal(await checkpoints.getCheckpoint(w.db, { run: first.run }), null);
    await w.forward("1 hour");
    assert.equal(await checkpoints.saveCheckpoint(w.db, { ...first, value: { page: 1 } }), false);
    await runs.finishRun(w.db, first);
    const keys = await w.q("select connection_id, kind, name, variant from syncline.checkpoints");
    assert.deepEqual(keys, [{ connection_id: ids.connection, kind: "action", name: "send", variant: "base" }]);
    const second = await start(w, ids);
    assert.deepEqual(await checkpoints.getCheckpoint(w.db, { run: second.run }), { page: 1 });
    const [row] = await w.q("select checkpoint_from, checkpoint_to from syncline.runs where id = $1", [first.run]);
    assert.deepEqual(row, { checkpoint_from: null, checkpoint_to: { page: 1 } });
    assert.deepEqual(await w.one("select checkpoint_from from syncline.runs where id = $1", [second.run]), { page: 1 });
    await checkpoints.clearCheckpoint(w.db, second);
    assert.equal(await checkpoints.getCheckpoint(w.db, { run: second.run }), null);
    await w.refuses("SL005", /^only runs of syncs have time slices$/, () => runs.interruptRun(w.db, second));
  },
  "an action keeps no records": async (w) => {
    const fence = await start(w, await makeAction(w));
    await w.refuses("SL004", /^model "Contact" is not declared/, () =>
      openStream(w.db, { ...fence, model: "Contact" }),
    );
  },
  "a deleted connection's live actions and events are cancelled with it": async (w) => {
    const ids = await makeAction(w);
    await makeFunction(w, ids, { kind: "on-event", name: "greet", event: CREATION });
    const beside = await makeSync(w, { beside: ids });
    await makeFunction(w, beside, { kind: "action", name: "other" });
    const action = await start(w, ids);
    await createEventRuns(w, ids);
    const spared = await start(w, beside);
    await w.q("select syncline.retire_connection($1)", [ids.connection]);
    const states = await w.q("select kind, state from syncline.runs where connection_id = $1 order by id", [
      ids.connection,
    ]);
    assert.deepEqual(states, [
      { kind: "action", state: "cancelled" },
      { kind: "on-event", state: "cancelled" },
    ]);
    await w.refuses("SL001", /^lease lost$/, () => runs.finishRun(w.db, action));
    await runs.finishRun(w.db, spared);
  },
  "ended runs of actions go after 31 days": async (w) => {
    const ids = await makeAction(w);
    const action = await start(w, ids);
    await runs.finishRun(w.db, action);
    await w.forward("31 days");
    await w.q("select syncline.tidy_runs(100)");
    assert.equal((await stateOf(w, action.run))?.state, "succeeded");
    await w.forward("1 s");
    await w.q("select syncline.tidy_runs(100)");
    assert.equal(await stateOf(w, action.run), undefined);
  },
  "a run names either its sync or just its function": async (w) => {
    const ids = await makeAction(w);
    const make = (kind: string, sync: number | null, fn: number | null) =>
      w.q(
        `insert into syncline.runs (environment_id, connection_id, kind, sync_id, function_id, origin)
         values ($1, $2, $3, $4, $5, 'api')`,
        [ids.environment, ids.connection, kind, sync, fn],
      );
    for (const [kind, sync, fn] of [
      ["action", null, null],
      ["action", ids.sync, ids.action],
      ["on-event", null, null],
      ["sync", null, ids.function],
    ] as const) {
      await w.refuses("23514", /runs_name_either_their_sync_or_just_their_function/, () => make(kind, sync, fn));
    }
    await make("action", null, ids.action);
  },
});
