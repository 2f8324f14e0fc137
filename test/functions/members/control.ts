// Walks of what sets other things going, and of locks.
import assert from "node:assert/strict";
import type { Walk } from "./walk.ts";

/** Syncs and actions beside the walks, for them to act on. */
export const TARGETS: Record<string, string> = {
  "acme/syncs/target.ts": `import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", models: { Target: z.looseObject({ id: z.string() }) }, checkpoint: z.object({ runs: z.number() }),
  exec: async (nango) => {
    const runs = ((await nango.getCheckpoint())?.runs ?? 0) + 1;
    await nango.saveCheckpoint({ runs });
    const key = (await nango.getMetadata()).wanted ?? "nobody's";
    const got = await nango.tryAcquireLock({ key, ttlMs: 60_000 });
    await nango.batchSave([{ id: nango.variant + runs, runs, got }], "Target");
  },
});
`,
};

const ACTION = (body: string): string => `import { createAction } from "nango";
import * as z from "zod";
export default createAction({
  description: "d", input: z.any(), output: z.any(),
  exec: async (nango, input) => {
    ${body}
  },
});
`;

Object.assign(TARGETS, {
  "acme/actions/add.ts": ACTION(
    `await nango.saveCheckpoint({ sum: input.a + input.b });
    return { sum: input.a + input.b, at: nango.connectionId, type: nango.scriptType };`,
  ),
  "acme/actions/refuse.ts": ACTION("throw new nango.ActionError({ message: 'no', field: input });"),
  "acme/actions/miss.ts": ACTION("await nango.get({ endpoint: '/v1/contacts/none' });"),
});

const runsOfTarget = `select r.origin from syncline.runs r join syncline.syncs s on s.id = r.sync_id
  where s.connection_id = $1 and s.name = 'target' and s.variant = 'base' order by r.id`;

const UNTIL = `const until = async (check) => { for (let i = 0; i < 500; i++) { const found = await check(); if (found) return found; await pause(10); } };`;

export const controlWalks: Walk[] = [
  {
    members: ["triggerSync"],
    body: `${UNTIL}
      const trigger = (...how) => nango.triggerSync("acme", nango.connectionId, ...how);
      const target = (id) => until(async () => (await nango.getRecordsByIds([id], "Target")).get(id));
      await trigger("target");
      const first = await target("base1");
      await until(async () => { await trigger({ name: "target", variant: "base" }, "incremental"); return (await nango.getRecordsByIds(["base2"], "Target")).size; });
      const refused = [];
      for (const names of [["acme", "customer 0", "target"], ["other", nango.connectionId, "target"], ["acme", nango.connectionId, "none"], ["acme", nango.connectionId, "target::none"]]) {
        try { await nango.triggerSync(...names); } catch (error) { refused.push(error.code); }
      }
      try { await trigger("target", "fully"); } catch (error) { refused.push(error.code); }
      await report({ runs: first.runs, refused });`,
    check: async ({ reported, query, connection }) => {
      const refused = ["forbidden", "forbidden", "unknown_sync", "unknown_sync", "SL004"];
      assert.deepEqual(reported, { runs: 1, refused });
      const runs = await query(runsOfTarget, [connection]);
      assert.ok(runs.length >= 2 && runs.every(({ origin }) => origin === "trigger"));
    },
  },
  {
    members: ["triggerSync", "startSync"],
    body: `${UNTIL}
      await nango.startSync("acme", ["target"]);
      await until(async () => (await nango.getRecordsByIds(["base1"], "Target")).size);
      await nango.triggerSync("acme", nango.connectionId, "target::base", { reset: true, emptyCache: true });
      await until(async () => (await nango.getRecordsByIds(["base1"], "Target")).get("base1")?._nango_metadata.last_action === "ADDED");
      try { await nango.startSync("acme", ["target"], "customer 0"); } catch (error) { await report(error.code); }`,
    check: async ({ reported, query, connection }) => {
      assert.equal(reported, "forbidden");
      assert.deepEqual(await query(runsOfTarget, [connection]), [{ origin: "start" }, { origin: "trigger" }]);
      const streams = await query(
        "select retired_at is null as live from syncline.streams where connection_id = $1 and model = 'Target' order by id",
        [connection],
      );
      assert.deepEqual(streams, [{ live: false }, { live: true }], "the cache was emptied");
      const [sync] = await query("select state from syncline.syncs where connection_id = $1 and name = 'target'", [
        connection,
      ]);
      assert.equal(sync?.state, "started");
    },
  },
  {
    members: ["triggerAction"],
    body: `const at = [await nango.triggerAction("acme", nango.connectionId, "add", { a: 1, b: 2 })];
      for (const [name, input] of [["refuse", "x"], ["miss"], ["none"]]) {
        try { await nango.triggerAction("acme", nango.connectionId, name, input); } catch (error) { at.push({ code: error.code, payload: error.payload }); }
      }
      try { await nango.triggerAction("acme", "customer 0", "add"); } catch (error) { at.push(error.code); }
      await report(at);`,
    check: async ({ reported, query, connection, name }) => {
      const [sum, refused, missed, none, other] = reported as [unknown, ...{ code: string; payload: unknown }[]];
      assert.deepEqual(sum, { sum: 3, at: name, type: "action" });
      assert.deepEqual(refused, { code: "action_script_runtime_error", payload: { message: "no", field: "x" } });
      assert.equal(missed?.code, "script_http_error");
      assert.ok(none?.code);
      assert.equal(other, "forbidden");
      const runs = await query(
        "select r.kind, r.state from syncline.runs r where r.connection_id = $1 and r.kind = 'action' order by r.id",
        [connection],
      );
      assert.deepEqual(
        runs.map(({ state }) => state),
        ["succeeded", "failed", "failed"],
      );
      const checkpoints = await query("select kind, name, value from syncline.checkpoints where connection_id = $1", [
        connection,
      ]);
      assert.deepEqual(checkpoints, [{ kind: "action", name: "add", value: { sum: 3 } }]);
    },
  },
  {
    members: ["tryAcquireLock", "releaseLock", "releaseAllLocks"],
    body: `${UNTIL}
      const key = nango.connectionId;
      await nango.updateMetadata({ wanted: key });
      const at = [await nango.tryAcquireLock({ key, ttlMs: 60_000 }), await nango.tryAcquireLock({ key, ttlMs: 60_000 })];
      const rival = async (id) => { await nango.triggerSync("acme", nango.connectionId, "target"); return (await until(async () => (await nango.getRecordsByIds([id], "Target")).get(id))).got; };
      at.push(await rival("base1"), await nango.releaseLock({ key }), await nango.releaseLock({ key }));
      await pause(50);
      await until(async () => { await nango.triggerSync("acme", nango.connectionId, "target"); return (await nango.getRecordsByIds(["base2"], "Target")).size; });
      at.push((await nango.getRecordsByIds(["base2"], "Target")).get("base2").got);
      at.push(await until(() => nango.tryAcquireLock({ key, ttlMs: 60_000 })));
      await nango.tryAcquireLock({ key: "more " + key, ttlMs: 60_000 });
      await nango.releaseAllLocks();
      at.push(await nango.releaseLock({ key: "more " + key }));
      for (const wrong of [{ key: "", ttlMs: 1 }, { key: "k".repeat(256), ttlMs: 1 }, { key, ttlMs: 0 }, { key, ttlMs: "1" }, { ttlMs: 1 }]) {
        try { await nango.tryAcquireLock(wrong); } catch (error) { at.push(error.code); }
      }
      await nango.tryAcquireLock({ key: "left " + key, ttlMs: 60_000 });
      await report(at);`,
    check: async ({ reported, query, run }) => {
      const walked = [true, true, false, true, false, true, true, false];
      assert.deepEqual(reported, [...walked, ...Array(5).fill("SL004")]);
      const left = await query("select key from syncline.locks where run_id = $1", [run.id]);
      assert.equal(left.length, 1, "a lock of an ended run is free, so nobody has to remove its row");
    },
  },
];
