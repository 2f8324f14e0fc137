// A run whose connection is limited says so once, waits without asking the provider, and can be stopped meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { learnRateLimit, liftRateLimits } from "../../src/db/rate-limits.ts";
import { cancelRun, createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const CONTACTS = `
import { createSync } from "syncline";
import * as z from "zod";

export default createSync({
  description: "Contacts",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  models: { Contact: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const kinds = ["contacts", "contacts", "contacts"];
    const pages = await Promise.all(kinds.map((kind) => nango.get({ endpoint: "/v1/" + kind })));
    await nango.batchSave(pages[0].data.data, "Contact");
  },
});
`;

test("a run whose connection is limited", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 5 } });
  const { db, provider } = engine;
  await engine.deploy({ "acme/syncs/contacts.ts": CONTACTS });
  const connection = await engine.connect("one");
  const { host } = new URL(provider.url);
  const limit = () =>
    learnRateLimit(db.pool, {
      ...{ scope: "connection", account: connection, host, part: "", source: "refused", remaining: null },
      waitMs: 3_600_000,
    });
  const said = (run: unknown) =>
    db.query(
      "select run_id, level, message, detail from syncline.logs where message like 'the limit of%' and run_id = $1",
      [run],
    );
  const waits = (run: unknown) =>
    until("the run says that it waits", async () => {
      const found = await said(run);
      return found.length > 0 && found;
    });
  const newest = async () => (await db.query("select id, state from syncline.runs order by id desc limit 1"))[0]!;
  await limit();
  await engine.startWorker();

  await t.test("it says so once, and goes on as soon as the limit is lifted", async () => {
    const { id } = await newest();
    const lines = await waits(id);
    assert.equal(provider.stats.total, 0);
    assert.equal(lines[0]?.level, "warn");
    assert.equal(lines[0]?.detail.host, host);
    assert.ok(Date.parse(lines[0]?.detail.until) > Date.now() + 3_000_000);
    await liftRateLimits(db.pool, { connection });
    await engine.quiet();
    assert.deepEqual(await newest(), { id, state: "succeeded" });
    assert.equal((await engine.live(connection, "Contact")).length, 5);
    assert.equal((await said(id)).length, 1);
  });

  await t.test("while it waits it is cancelled at once", async () => {
    const before = provider.stats.total;
    await limit();
    const [sync] = await db.query("select id from syncline.syncs");
    const run = await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
    await waits(run);
    await cancelRun(db.pool, { run: run! });
    await engine.quiet();
    assert.deepEqual(await newest(), { id: run, state: "cancelled" });
    assert.equal(provider.stats.total, before);
  });
});
