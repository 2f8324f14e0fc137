// All of a worker's database connections are cut again and again while it syncs; the database restarts under a whole server;
// and there is none when it starts. cuts.long.test.ts cuts for a minute.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { cutsLoseNothing } from "./cuts.ts";
import { migratedFolder } from "./folder.ts";

test("a worker whose connections are all cut five times a second for three seconds loses nothing and is stuck nowhere", (t) =>
  cutsLoseNothing(t, { forMs: 3_000 }));

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

test("a server goes on by itself when its database was restarted, and ends within its ten seconds when that is gone", async (t) => {
  const o = { dataFolder: await migratedFolder(), settings: { fsync: "off" } };
  let database = await startEmbeddedPostgres(o);
  t.after(() => database.stop());
  const server = await startSyncline(t, serverEnv(database.url));
  const { url } = server.lines.find(({ event }) => event === "server.started")!;
  const answer = async (): Promise<number> => {
    const response = await fetch(`${url}/integrations`, { headers: { authorization: `Bearer ${TEST_API_KEY}` } });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await answer(), 200);
  await database.stop();
  database = await startEmbeddedPostgres(o);
  await until("the API answers again", async () => (await answer()) === 200, 15_000);
  assert.ok(server.isAlive());

  await database.stop();
  const toldAt = performance.now();
  server.kill("SIGTERM");
  const how = await server.exited;
  const ms = performance.now() - toldAt;
  assert.ok(how === 0 && ms < 10_000, `ended with ${how} after ${Math.round(ms)} ms:\n${server.output().slice(-1500)}`);
});
