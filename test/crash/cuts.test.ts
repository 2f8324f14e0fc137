// All of a worker's database connections are cut again and again while it syncs; the database restarts under a whole server;
// and there is none when it starts.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { TEST_API_KEY, TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { dataFolder } from "./folder.ts";
import { REFRESH, workerEnv } from "./refresh.ts";

const CUT_EVERY_MS = 200;
const CUTS_FOR_MS = 6_000;
const CONNECTIONS = 3;
const RECEIVER_MS = 150;

const slowReceiver = async (t: TestContext): Promise<string> => {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end(), RECEIVER_MS);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

test("a worker whose connections are all cut five times a second for six seconds loses nothing and is stuck nowhere", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 120 }, pageDelayMs: 40 });
  const { db, provider } = engine;
  await engine.deploy({ "acme/syncs/contacts.ts": REFRESH });
  const connections: number[] = [];
  for (let n = 0; n < CONNECTIONS; n += 1) connections.push(await engine.connect(`number-${n}`));
  // Slow, so that webhooks are on their way when the connections are cut.
  await db.query("update syncline.environments set webhook_url_primary = $1", [await slowReceiver(t)]);
  const worker = await startSyncline(t, workerEnv(db.url));
  const trigger = async () => {
    for (const { id } of await db.query("select id from syncline.syncs")) {
      await createRun(db.pool, { sync: id, origin: "trigger", emptyCache: false });
    }
  };
  await trigger();
  const deadline = performance.now() + CUTS_FOR_MS;
  let cut = 0;
  while (performance.now() < deadline) {
    const [row] = await db.query(
      `select count(pg_terminate_backend(pid))::int as count from pg_stat_activity
        where datname = current_database() and application_name like 'syncline % ${worker.pid}'`,
    );
    cut += row!.count;
    await trigger();
    await pause(CUT_EVERY_MS);
  }
  assert.ok(cut > 20, `${cut} connections were cut`);
  assert.ok(worker.isAlive(), worker.output().slice(-3000));
  await engine.quiet();
  provider.world.edit({ kind: "contacts", count: 30 });
  await trigger();
  await engine.quiet();
  const failed = await db.query("select error from syncline.runs where state <> 'succeeded'");
  assert.deepEqual(failed, []);
  await until("the log has the start of each run", async () => {
    const without = "not exists (select from syncline.logs l where l.run_id = r.id and l.message = 'started')";
    return (await db.query(`select r.id from syncline.runs r where ${without}`)).length === 0;
  });
  for (const id of connections)
    assert.deepEqual(await engine.live(id, "Contact"), [...provider.world.rows("contacts")]);
  assert.deepEqual(await checkInvariants(db.pool, {}), []);
  worker.kill("SIGTERM");
  assert.equal(await worker.exited, 0);
});

const serverEnv = (url: string) => ({
  DATABASE_URL: url,
  SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  SYNCLINE_DEV_API_KEY: TEST_API_KEY,
});

test("without a database at its start the server says so, hides the password, and exits with 1", async (t) => {
  const server = startProcess(t, {
    args: ["src/cli.ts", "start"],
    env: { PORT: "0", ...serverEnv("postgres://someone:canary-password@127.0.0.1:9/nowhere") },
  });
  assert.equal(await server.exited, 1);
  assert.match(server.output(), /error: .*ECONNREFUSED.*127\.0\.0\.1:9/);
  assert.doesNotMatch(server.output(), /canary|\n\s+at /);
});

const startDatabase = async (t: TestContext) => {
  const folder = dataFolder();
  let running = await startEmbeddedPostgres({ dataFolder: folder, settings: { fsync: "off" } });
  t.after(() => running.stop());
  const stop = () => running.stop();
  const restart = async (): Promise<void> => {
    await running.stop();
    running = await startEmbeddedPostgres({ dataFolder: folder, settings: { fsync: "off" } });
  };
  return { url: running.url, stop, restart };
};

test("a server goes on by itself when its database was restarted", async (t) => {
  const database = await startDatabase(t);
  const server = await startSyncline(t, serverEnv(database.url));
  const { url } = server.lines.find(({ event }) => event === "server.started")!;
  const answer = async (): Promise<number> => {
    const response = await fetch(`${url}/integrations`, { headers: { authorization: `Bearer ${TEST_API_KEY}` } });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await answer(), 200);
  await database.restart();
  await until("the API answers again", async () => (await answer()) === 200, 15_000);
  server.kill("SIGTERM");
  assert.equal(await server.exited, 0);
});

test("a server whose database is gone ends within its ten seconds when it is told to", async (t) => {
  const database = await startDatabase(t);
  const server = await startSyncline(t, serverEnv(database.url));
  await database.stop();
  const toldAt = performance.now();
  server.kill("SIGTERM");
  const how = await server.exited;
  const ms = performance.now() - toldAt;
  assert.ok(how === 0 && ms < 10_000, `ended with ${how} after ${Math.round(ms)} ms:\n${server.output().slice(-1500)}`);
});
