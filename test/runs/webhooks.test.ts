// Webhooks of providers through the whole engine: accepted rows become calls of onWebhook, beside the sync's own runs.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ringInbox } from "../../src/db/inbox.ts";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import type { Executor } from "../../src/runs/executor.ts";
import { testEngine } from "../helpers/engine.ts";
import { acceptInto } from "../helpers/inbox.ts";
import { until } from "../helpers/until.ts";

const sync = (o: { exec?: string; onWebhook?: string; onWebhookBatch?: string; more?: string }): string => `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Contacts", version: "1.0.0", frequency: "every day", autoStart: false, ${o.more ?? ""}
  models: { Contact: z.object({ id: z.string() }) }, checkpoint: z.object({ n: z.number() }),
  webhookSubscriptions: ["contact.changed", "header"],
  exec: async (nango) => { ${o.exec ?? ""} },
  ${o.onWebhook ? `onWebhook: async (nango, payload) => { ${o.onWebhook} },` : ""}
  ${o.onWebhookBatch ? `onWebhookBatch: async (nango, payloads) => { ${o.onWebhookBatch} },` : ""}
});
`;

// Reads, then waits until a webhook lets it go on with what it has read.
const POLLING = `
    const { strategy } = await nango.getMetadata();
    if (strategy) await nango.setMergingStrategy({ strategy }, "Contact");
    await nango.log("has read");
    while ((await nango.getRecordsByIds(["go " + strategy], "Contact")).size === 0) await new Promise((r) => setTimeout(r, 10));
    await nango.batchSave([{ id: "a", v: "stale" }, { id: "new", v: "polled" }], "Contact");`;

const WINDOW = `
    await nango.trackDeletesStart("Contact");
    await nango.log("has read");
    while ((await nango.getRecordsByIds(["go"], "Contact")).size === 0) await new Promise((r) => setTimeout(r, 10));
    await nango.trackDeletesEnd("Contact");`;

const SAVE = `await nango.batchSave([payload], "Contact");`;

const setUp = async (t: TestContext, text: string, connections = ["one"]) => {
  const engine = await testEngine(t);
  const { db } = engine;
  await engine.deploy({ "acme/syncs/contacts.ts": text });
  const ids: number[] = [];
  for (const name of connections) ids.push(await engine.connect(name));
  const syncs = (await db.query("select id from syncline.syncs order by id")).map(({ id }) => id as number);
  const accept = await acceptInto({ pool: db.pool, keys: engine.keys, environment: engine.environment });
  const send: typeof accept = async (sent) => {
    await accept(sent);
    await ringInbox(db.pool, {});
  };
  const over = async (): Promise<boolean> => {
    const [row] = await db.query(
      `select not exists (select from syncline.inbox where state = 'waiting')
          and not exists (select from syncline.webhook_calls where ended_at is null) as over`,
    );
    return row!.over;
  };
  const done = () => until("every event is handled", over);
  const rows = async (at = 0) =>
    Object.fromEntries((await engine.live(ids[at]!, "Contact")).map((row) => [(row as { id: string }).id, row]));
  return { engine, db, ids, syncs, send, done, over, rows };
};

/** Starts a run of the sync and gives what lets it go on once it has read. */
const startPolling = async (w: Awaited<ReturnType<typeof setUp>>, executor: Executor, gate: string) => {
  const { db, syncs, send } = w;
  const run = await createRun(db.pool, { sync: syncs[0]!, origin: "trigger", emptyCache: false });
  await until("the run has read", async () => {
    await executor.logs.flush();
    return (await db.query("select from syncline.logs where run_id = $1 and message = 'has read'", [run])).length > 0;
  });
  return async (): Promise<void> => {
    await send([{ body: { id: gate } }]);
    const ended = () => db.query("select from syncline.runs where id = $1 and state = 'succeeded'", [run]);
    await until("the run ends", async () => (await ended()).length > 0);
  };
};

test("onWebhook gets what its part names, under its own checkpoint and facts, and can delete", async (t) => {
  const text = sync({
    more: "trackDeletes: true,",
    onWebhook: `
      const n = ((await nango.getCheckpoint())?.n ?? 0) + 1;
      await nango.saveCheckpoint({ n });
      if (payload.gone) return void (await nango.batchDelete([{ id: payload.gone }], "Contact"));
      await nango.trackDeletesStart("Contact");
      const facts = { script: nango.scriptType, last: nango.lastSyncDate ?? null, variant: nango.variant };
      await nango.batchSave([{ id: payload.id ?? payload["x-kind"], n, ...facts }], "Contact");
      await nango.trackDeletesEnd("Contact");`,
  });
  const w = await setUp(t, text);
  await w.engine.startWorker();
  await w.send([
    { body: { list: [{}, { id: "b" }] }, at: ["list", 1] },
    { body: {}, events: ["header"], from: "headers", headers: { "x-kind": "h" } },
    { body: { id: "a" }, to: "nobody" },
    { body: { id: "a" }, events: ["other"] },
    { body: { id: "c" }, to: "one" },
    { body: { gone: "b" } },
  ]);
  await w.done();
  const facts = { script: "webhook", last: null, variant: "base" };
  assert.deepEqual(await w.rows(), { c: { id: "c", n: 3, ...facts }, h: { id: "h", n: 2, ...facts } });
  const checkpoints = await w.db.query("select kind, value from syncline.checkpoints");
  assert.deepEqual(checkpoints, [{ kind: "webhook", value: { n: 4 } }]);
  assert.deepEqual(await w.db.query("select from syncline.refreshes"), []);
  assert.deepEqual(await checkInvariants(w.db.pool, {}), []);
});

test("a poll that read before a webhook overwrites it under override, and never under ignore_if_modified_after", async (t) => {
  const w = await setUp(t, sync({ exec: POLLING, onWebhook: SAVE }));
  const { executor } = await w.engine.startWorker();
  for (const [strategy, expected] of [
    ["override", "stale"],
    ["ignore_if_modified_after", "fresh"],
  ]) {
    await w.db.query("update syncline.connections set metadata = $1", [{ strategy }]);
    await w.send([{ body: { id: "a", v: "old" } }]);
    await w.done();
    const goOn = await startPolling(w, executor, `go ${strategy}`);
    await w.send([{ body: { id: "a", v: "fresh" } }]);
    await w.done();
    assert.partialDeepStrictEqual(await w.rows(), { a: { v: "fresh" } });
    await goOn();
    assert.partialDeepStrictEqual(await w.rows(), { a: { v: expected }, new: { v: "polled" } });
  }
});

test("what webhooks save while a full refresh is under way counts as seen by it, changed or not", async (t) => {
  const w = await setUp(t, sync({ exec: WINDOW, onWebhook: SAVE }));
  const { executor } = await w.engine.startWorker();
  const saved = ["same", "changed", "missed"].map((id) => ({ body: { id, v: 1 } }));
  await w.send(saved);
  await w.done();
  const goOn = await startPolling(w, executor, "go");
  await w.send([{ body: { id: "same", v: 1 } }, { body: { id: "changed", v: 2 } }, { body: { id: "added", v: 1 } }]);
  await w.done();
  await goOn();
  assert.deepEqual(Object.keys(await w.rows()).sort(), ["added", "changed", "go", "same"]);
});

test("under three workers and failures the events of a connection are handled in their order, each once, and batches fold", async (t) => {
  const remember = "const failed = (await nango.getCheckpoint())?.n;";
  const text = sync({
    // Fails once at every seventh; what was saved before is saved again.
    onWebhook: `${remember} await nango.batchSave([{ id: String(payload.n) }], "Contact");
      if (payload.n % 7 === 3 && failed !== payload.n) { await nango.saveCheckpoint({ n: payload.n }); throw new Error("once"); }`,
  });
  const batching = sync({
    onWebhookBatch: `${remember}
      await nango.batchSave(payloads.map(({ n }) => ({ id: String(n), with: payloads.length })), "Contact");
      if (failed === undefined) { await nango.saveCheckpoint({ n: 0 }); throw new Error("once"); }`,
  });
  const names = ["one", "two", "three"];
  const w = await setUp(t, text, names);
  await w.db.query("update syncline.settings set lease = '10 min'");
  for (let at = 0; at < 3; at++) await w.engine.startWorker({ concurrency: 2 });
  const events = (count: number) =>
    Array.from({ length: count * 3 }, (_, at) => ({ body: { n: Math.floor(at / 3) }, to: names[at % 3]! }));
  const moveOn = (what: string) =>
    until(what, async () => {
      await w.db.clock.forward("5 s");
      return w.over();
    });
  const inOrder = async (count: number) => {
    for (const id of w.ids) {
      const all = await w.engine.records(id, "Contact");
      assert.deepEqual(
        all.map((row) => Number(row.id)),
        Array.from({ length: count }, (_, n) => n),
      );
    }
  };
  await w.send(events(12));
  await moveOn("all calls end");
  await inOrder(12);
  const ended = await w.db.query(
    "select state, attempts, count(*)::int from syncline.webhook_calls group by 1, 2 order by 2",
  );
  assert.deepEqual(ended, [
    { state: "done", attempts: 1, count: 30 },
    { state: "done", attempts: 2, count: 6 },
  ]);
  await w.engine.deploy({ "acme/syncs/contacts.ts": batching });
  await w.db.query("delete from syncline.checkpoints");
  await w.send(events(12).map((one) => ({ ...one, body: { n: one.body.n + 12 } })));
  await moveOn("all batches end");
  await inOrder(24);
  const [folded] = await w.db.query(
    "select count(distinct run_id)::int as runs, max(attempts) as attempts from syncline.webhook_calls where inbox_id > 36",
  );
  assert.deepEqual(folded, { runs: 3, attempts: 2 });
  assert.deepEqual(await checkInvariants(w.db.pool, {}), []);
});
