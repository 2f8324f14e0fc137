// `syncline start`: settings, the door that opens first, signals, and one server for each data folder.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { findRunningPostgres } from "../../src/db/embedded/start.ts";
import { dataFolder } from "../crash/folder.ts";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { runSyncline } from "./server.ts";

const STOPS_WITHIN_MS = 10_000;

const settings = {
  LOG_LEVEL: "info",
  PORT: "0",
  SYNCLINE_DEV_API_KEY: TEST_API_KEY,
  SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
};

// One cluster for several tests, whichever of them comes first: making and migrating one costs 3 s of a core.
const folder = dataFolder();

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const statusOf = async (url: string): Promise<number | undefined> => {
  try {
    return (await fetch(url)).status;
  } catch {
    return undefined; // not listening yet
  }
};

const stopsCleanly = async (process: ReturnType<typeof startProcess>, signals: NodeJS.Signals[]): Promise<void> => {
  const askedAt = performance.now();
  for (const signal of signals) process.kill(signal);
  assert.equal(await process.exited, 0, process.output());
  assert.ok(performance.now() - askedAt < STOPS_WITHIN_MS);
};

test("wrong settings are reported all at once, by name and never by value", async (t) => {
  const { out, code } = await runSyncline(t, ["start"], {
    PORT: "http",
    NODE_ENV: "production",
    SYNCLINE_ROLE: "boss",
    DATABASE_URL: "mysql://secret@nowhere",
  });
  assert.equal(code, 1);
  for (const name of ["PORT", "SYNCLINE_ROLE", "DATABASE_URL", "SYNCLINE_ENCRYPTION_KEY"]) {
    assert.match(out, new RegExp(`^ {2}${name} `, "m"));
  }
  assert.doesNotMatch(out, /secret|boss|http\b|\n {4}at /);
});

test("/health answers at once, /ready when it is migrated and working", async (t) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = startProcess(t, {
    args: ["src/cli.ts", "start"],
    env: { ...settings, PORT: String(port), SYNCLINE_DATA: folder },
  });
  const seen: string[] = [];
  await until("/ready is 200", async () => {
    const [health, ready] = [await statusOf(`${url}/health`), await statusOf(`${url}/ready`)];
    if (health !== undefined) seen.push(`${health} ${ready}`);
    return ready === 200;
  });
  // Making a cluster and migrating takes long enough to be seen.
  assert.equal(seen[0], "200 503");
  assert.equal(seen.at(-1), "200 200");
  await stopsCleanly(started, ["SIGTERM"]);
});

const onDatabase = async (t: TestContext) => ({
  ...settings,
  DATABASE_URL: (await testDatabase(t, { poolSize: 1 })).url,
});

test("a worker makes no API keys, the API prints those it made, and another encryption key is refused", async (t) => {
  const { SYNCLINE_DEV_API_KEY: _, ...env } = await onDatabase(t);
  const worker = await startSyncline(t, { ...env, SYNCLINE_ROLE: "worker" });
  const api = await startSyncline(t, { ...env, SYNCLINE_ROLE: "api" });
  assert.doesNotMatch(worker.output(), /API key/);
  for (const name of ["dev", "prod"])
    assert.match(api.output(), new RegExp(`environment ${name}, shown this once: \\S+`));
  const other = { ...env, SYNCLINE_ROLE: "worker", SYNCLINE_ENCRYPTION_KEY: Buffer.alloc(32, 8).toString("base64") };
  const { out, code } = await runSyncline(t, ["start"], other);
  assert.equal(code, 1);
  assert.match(out, /^error: A data key is wrapped by master key \w{16}, which this process does not have/m);
  await t.test("five signals end an API and a worker with 0, as one does", async () => {
    for (const one of [worker, api]) await stopsCleanly(one, Array(5).fill("SIGTERM"));
  });
});

test("a signal while it starts ends it with 0, and its Postgres with it", async (t) => {
  const started = startProcess(t, { args: ["src/cli.ts", "start"], env: { ...settings, SYNCLINE_DATA: folder } });
  await started.line(({ event }) => event === "server.starting");
  await stopsCleanly(started, ["SIGTERM"]);
  await until("no server runs in its folder", () => findRunningPostgres(folder) === null);
  assert.ok(!started.lines.some(({ event }) => event === "server.started"), started.output());
});

test("a second start on a data folder says so and ends with 1; a later one goes on with the data", async (t) => {
  const env = { ...settings, SYNCLINE_DATA: folder };
  const first = await startSyncline(t, env);
  const second = await runSyncline(t, ["start"], env);
  assert.equal(second.code, 1);
  assert.match(second.out, /^error: .*(in use|another process|uses)/im);
  const url = (await first.line(({ event }) => event === "server.started")).url as string;
  const PORT = new URL(url).port;
  assert.match((await runSyncline(t, ["start"], { ...env, PORT })).out, /^error: .*data folder/im);
  const elsewhere = await runSyncline(t, ["start"], { ...env, PORT, SYNCLINE_DATA: dataFolder() });
  assert.deepEqual([elsewhere.code, /^error: .*Set PORT/im.test(elsewhere.out)], [1, true]);
  const headers = { authorization: `Bearer ${TEST_API_KEY}`, "content-type": "application/json" };
  const body = JSON.stringify({ provider: "acme", unique_key: "kept" });
  assert.equal((await fetch(`${url}/integrations`, { method: "POST", headers, body })).status, 200);
  await t.test("Ctrl-C ends it with 0 as SIGTERM does", () => stopsCleanly(first, ["SIGINT"]));

  const later = await startSyncline(t, env);
  const laterUrl = (await later.line(({ event }) => event === "server.started")).url as string;
  assert.equal((await fetch(`${laterUrl}/integrations/kept`, { headers })).status, 200);
  assert.doesNotMatch(later.output(), /shown this once/);
  await t.test("five signals end it with 0, too", () => stopsCleanly(later, Array(5).fill("SIGTERM")));
});
