// The psql door: an operator's session as a script, and calls over psql's own connection that take effect in a worker process
// as calls over REST do.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { connect } from "../src/db/pool.ts";
import { workerEnv } from "./crash/refresh.ts";
import { type Engine, testEngine } from "./helpers/engine.ts";
import { startSyncline } from "./helpers/processes.ts";
import { runScript } from "./helpers/psql.ts";
import { until } from "./helpers/until.ts";

const SCRIPT = path.join(import.meta.dirname, "ops.sql");
const GOLDEN = path.join(import.meta.dirname, "ops.txt");
// A bell that was not rung is made good by the tick after 5 s.
const AT_ONCE_MS = 3_000;

const sync = (kind: string, model: string, autoStart: boolean, list: string): string => `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "All ${kind}", version: "1.0.0", frequency: "every day", autoStart: ${autoStart}, trackDeletes: true,
  models: { ${model}: z.object({ id: z.string() }) },
  metadata: z.object({ since: z.string().optional() }),
  exec: async (nango) => {
    const { since } = await nango.getMetadata();
    const { data } = await nango.get({ endpoint: "/v1/${kind}", params: { limit: 100, ...(since ? { updated_since: since } : {}) }, retries: 3 });
    await nango.batchSave(data.${list}, "${model}");
  },
});
`;

const receiver = async (t: TestContext) => {
  const heard: { id: string; body: Record<string, unknown> }[] = [];
  const server = createServer(async (req, res) => {
    heard.push({ id: String(req.headers["webhook-id"]), body: JSON.parse(await text(req)) });
    res.end();
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks` };
};

/** "river" waits for its provider and holds the only place; the deletes of "green-valley" are parked. */
const troubled = async (t: TestContext) => {
  const engine = await testEngine(t, { rows: { contacts: 100, companies: 30 } });
  const { db, provider } = engine;
  const hooks = await receiver(t);
  await db.query("update syncline.environments set webhook_url_primary = $1", [hooks.url]);
  await engine.deploy({
    "acme/syncs/contacts.ts": sync("contacts", "Contact", true, "data"),
    "acme/syncs/companies.ts": sync("companies", "Company", false, "companies"),
  });
  const worker = await startSyncline(t, { ...workerEnv(db.url), SYNCLINE_CONCURRENCY: "1" });
  const connections: Record<string, number> = {};
  for (const name of ["green-valley", "river"]) {
    connections[name] = await engine.connect(name);
    await engine.quiet();
  }
  const trigger = (connection: string) =>
    db.query("select syncline.trigger_sync($1, 'acme', $2, '{contacts}')", [engine.environment, connection]);
  const { "green-valley": valley } = connections;
  await db.query('update syncline.connections set metadata = \'{"since": "2999-01-01T00:00:00Z"}\' where id = $1', [
    valley,
  ]);
  await trigger("green-valley");
  await engine.quiet();
  await db.query("update syncline.connections set metadata = '{}' where id = $1", [valley]);
  provider.faults.add({ kind: 429, ms: 3_600_000, path: "/v1/contacts", times: 1 });
  await trigger("river");
  await until(
    "the provider has said to wait",
    async () => (await db.query("select from syncline.rate_limits")).length > 0,
  );
  return { engine, hooks, connections, worker };
};

const waited = async ({ db }: Engine, sql: string, params: unknown[]): Promise<number> =>
  Number(
    await until(sql, async () => {
      const [row] = await db.query(`select 1000 * extract(epoch from (${sql})) as ms`, params);
      return row!.ms === null ? false : String(row!.ms);
    }),
  );

test("an operator has psql alone", async (t) => {
  const { engine, hooks } = await troubled(t);
  const { db } = engine;
  await t.test(
    "what is stuck is found, paused, mended and run again; parked deletes are applied; the laws hold",
    async () => {
      const printed = await runScript(SCRIPT, db.url);
      if (process.env.SYNCLINE_WRITE_GOLDEN === "1") writeFileSync(GOLDEN, printed);
      assert.deepEqual(printed.split("\n"), readFileSync(GOLDEN, "utf8").split("\n"));
    },
  );
  await t.test("deletes approved there are told to the app at once", async () => {
    const told = await until("the webhook", () =>
      hooks.heard.find(({ body }) => (body.responseResults as { deleted?: number })?.deleted === 100),
    );
    const ms = await waited(engine, "select ended_at - created_at from syncline.outbox where uid::text = $1", [
      told.id.replace(/^msg_/, ""),
    ]);
    assert.ok(ms < AT_ONCE_MS, `${ms} ms`);
  });

  const psql = await connect({ url: db.url, applicationName: "psql" });
  t.after(() => psql.end());
  await psql.query("set role syncline_operator");
  const ask = async (sql: string, params: unknown[] = []) => Object.values((await psql.query(sql, params)).rows[0])[0];
  const began = (run: unknown) => waited(engine, "select started_at - due_at from syncline.runs where id = $1", [run]);

  await t.test("a sync triggered there begins at once, and one cancelled there stops and makes room", async () => {
    const id = await ask(
      "select sync_id from syncline.sync_overview where connection = 'river' and sync = 'companies'",
    );
    engine.provider.faults.add({ kind: "slow", ms: 60_000, path: "/v1/companies", times: 1 });
    const run = await ask("select syncline.trigger_one($1)", [id]);
    assert.ok((await began(run)) < AT_ONCE_MS);
    await until("it asks its provider", () => (engine.provider.stats.faults.slow ?? 0) > 0);
    assert.equal(await ask("select syncline.cancel_run($1)", [run]), true);
    const next = await ask("select syncline.requeue_run($1)", [run]);
    assert.ok((await began(next)) < AT_ONCE_MS);
    await engine.quiet();
  });
  await t.test("a webhook replayed there is sent at once, by its id or that of an attempt", async () => {
    const id = await ask("select max(id) from syncline.outbox where state = 'delivered'");
    const attempts = async () => await ask("select count(*) from syncline.deliveries where outbox_id = $1", [id]);
    for (const replay of [
      "replay_webhook($1)",
      "replay_delivery((select max(id) from syncline.deliveries where outbox_id = $1))",
    ]) {
      const before = await attempts();
      const startedAt = performance.now();
      assert.equal(await ask(`select syncline.${replay}`, [id]), true);
      await until("another attempt", async () => (await attempts()) !== before);
      assert.ok(performance.now() - startedAt < AT_ONCE_MS);
    }
  });
  await t.test("what is paused there stays at rest, what is started runs at once", async () => {
    const id = await ask("select sync_id from syncline.sync_overview where connection = 'river' and sync = 'contacts'");
    assert.equal(await ask("select syncline.pause_one($1)", [id]), true);
    assert.equal(await ask("select status from syncline.sync_overview where sync_id = $1", [id]), "paused");
    assert.equal(await ask("select syncline.start_one($1)", [id]), true);
    const run = await ask("select max(run_id) from syncline.run_overview where sync_id = $1", [id]);
    assert.ok((await began(run)) < AT_ONCE_MS);
    await engine.quiet();
  });
});
