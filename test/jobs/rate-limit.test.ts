// A run whose connection is limited says so once, waits without asking the provider, and can be stopped meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { learnRateLimit, liftRateLimits } from "../../src/db/rate-limits.ts";
import { cancelRun } from "../../src/db/runs.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
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

const startLimited = async (t: Parameters<typeof testEngine>[0]) => {
  const engine = await testEngine(t, { rows: { contacts: 5 } });
  await engine.deploy({ "acme/syncs/contacts.ts": CONTACTS });
  const connection = await engine.connect("one");
  const { host } = new URL(engine.provider.url);
  const block = { scope: "connection", account: connection, host, part: "", source: "refused", remaining: null };
  await learnRateLimit(engine.db.pool, { ...block, waitMs: 3_600_000 });
  await engine.startWorker();
  const lines = await until("the run says that it waits", async () => {
    const found = await said(engine);
    return found.length > 0 && found;
  });
  return { engine, connection, lines, host };
};

const said = ({ db }: Engine) =>
  db.query("select run_id, level, message, detail from syncline.logs where message like 'the limit of%'");

test("a run that is limited says so once, and goes on as soon as the limit is lifted", async (t) => {
  const { engine, connection, lines, host } = await startLimited(t);
  assert.equal(engine.provider.stats.total, 0);
  assert.equal(lines[0]?.level, "warn");
  assert.equal(lines[0]?.detail.host, host);
  assert.ok(Date.parse(lines[0]?.detail.until) > Date.now() + 3_000_000);
  await liftRateLimits(engine.db.pool, { connection });
  await engine.quiet();
  assert.deepEqual(await engine.db.query("select state from syncline.runs"), [{ state: "succeeded" }]);
  assert.equal((await engine.live(connection, "Contact")).length, 5);
  assert.equal((await said(engine)).length, 1);
});

test("a run that waits for a limit is cancelled at once", async (t) => {
  const { engine, lines } = await startLimited(t);
  await cancelRun(engine.db.pool, { run: lines[0]?.run_id });
  await engine.quiet();
  assert.deepEqual(await engine.db.query("select state from syncline.runs"), [{ state: "cancelled" }]);
  assert.equal(engine.provider.stats.total, 0);
});
