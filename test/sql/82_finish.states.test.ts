// 82_finish.sql: every state a run can be in, times everything that can happen to it.
import assert from "node:assert/strict";
import * as runs from "../../src/db/runs.ts";
import { type Fence, makeRun, makeSync, sqlTests, type World } from "../helpers/world.ts";

const STALE = /^lease lost$/;
const ERROR = { type: "script_internal_error", message: "boom" };

const stateOf = (w: World, run: number) => w.one("select state from syncline.runs where id = $1", [run]);

/** Every state a run can be in, as a fresh run of a sync of its own; the token is the one it had while running. */
const STATES: Record<string, (w: World) => Promise<Fence>> = {
  ready: async (w) => {
    const ids = await makeSync(w);
    const run = await runs.createRun(w.db, { sync: ids.sync, origin: "trigger", emptyCache: false });
    return { run: run!, token: 0 };
  },
  running: async (w) => (await makeRun(w)).fence,
  expired: async (w) => {
    const { fence } = await makeRun(w);
    await w.q("update syncline.runs set lease_ends_at = syncline.now() - interval '1 s' where id = $1", [fence.run]);
    return fence;
  },
  poisoned: async (w) => {
    const { fence } = await makeRun(w);
    await w.q("update syncline.runs set lease_ends_at = syncline.now() - interval '1 s', attempt = 5 where id = $1", [
      fence.run,
    ]);
    return fence;
  },
  succeeded: async (w) => {
    const { fence } = await makeRun(w);
    await runs.finishRun(w.db, fence);
    return fence;
  },
  failed: async (w) => {
    const { fence } = await makeRun(w);
    await runs.failRun(w.db, { ...fence, error: ERROR });
    return fence;
  },
  interrupted: async (w) => {
    const { fence } = await makeRun(w);
    await runs.cancelRun(w.db, { run: (await runs.interruptRun(w.db, fence))! });
    return fence;
  },
  cancelled: async (w) => {
    const { fence } = await makeRun(w);
    await runs.cancelRun(w.db, fence);
    return fence;
  },
};

const EVENTS: Record<string, (w: World, fence: Fence) => Promise<unknown>> = {
  claim: (w) => runs.claimRun(w.db, { worker: "w9" }),
  finish: (w, fence) => runs.finishRun(w.db, fence),
  fail: (w, fence) => runs.failRun(w.db, { ...fence, error: ERROR }),
  interrupt: (w, fence) => runs.interruptRun(w.db, fence),
  release: (w, fence) => runs.releaseRun(w.db, fence),
  cancel: (w, { run }) => runs.cancelRun(w.db, { run }),
  leaseEnd: (w) => runs.requeueExpired(w.db, { nobodyLives: false }),
  bury: (w) => w.q("select syncline.bury_poisoned()"),
};

// From state to state by event. SL001: refused. What is not here stays as it is.
const SAME = "same";
const refusing = { finish: "SL001", fail: "SL001", interrupt: "SL001", release: "SL001" };
const held = { finish: "succeeded", fail: "failed", interrupt: "interrupted", release: "ready", cancel: "cancelled" };
const ended = { ...refusing, claim: SAME, cancel: SAME, leaseEnd: SAME, bury: SAME };
const TABLE: Record<string, Record<string, string>> = {
  ready: { ...refusing, claim: "running", cancel: "cancelled", leaseEnd: SAME, bury: SAME },
  running: { ...held, claim: SAME, leaseEnd: SAME, bury: SAME },
  expired: { ...held, claim: SAME, leaseEnd: "ready", bury: SAME },
  poisoned: { ...held, claim: SAME, leaseEnd: SAME, bury: "failed" },
  succeeded: ended,
  failed: ended,
  interrupted: ended,
  cancelled: ended,
};

sqlTests("82_finish, states", {
  "every event in every state leads where the table says": async (w) => {
    for (const [from, make] of Object.entries(STATES)) {
      for (const [event, act] of Object.entries(EVENTS)) {
        await w.q("savepoint cell");
        const fence = await make(w);
        const before = await stateOf(w, fence.run);
        const wanted = TABLE[from]![event]!;
        if (wanted === "SL001") await w.refuses("SL001", STALE, () => act(w, fence));
        else await act(w, fence);
        const after = await stateOf(w, fence.run);
        assert.equal(after, wanted === SAME || wanted === "SL001" ? before : wanted, `${from} × ${event}`);
        assert.deepEqual(await runs.checkInvariants(w.db, {}), [], `${from} × ${event}`);
        await w.q("rollback to savepoint cell");
      }
    }
  },
});
