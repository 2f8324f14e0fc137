// A worker's database connections are all cut five times a second, for as long as is asked.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { REFRESH, workerEnv } from "./refresh.ts";

const CUT_EVERY_MS = 200;
const CONNECTIONS = 3;
const LEAST_CUT = 20; // a worker takes its time to connect again where others want the processor too
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

/** After cuts for so long nothing is lost and nothing stuck; each run has succeeded. */
export const cutsLoseNothing = async (t: TestContext, o: { forMs: number }): Promise<void> => {
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
  const deadline = performance.now() + o.forMs;
  let cut = 0;
  while (performance.now() < deadline || cut <= LEAST_CUT) {
    const [row] = await db.query(
      `select count(pg_terminate_backend(pid))::int as count from pg_stat_activity
        where datname = current_database() and application_name like 'syncline % ${worker.pid}'`,
    );
    cut += row!.count;
    await trigger();
    await pause(CUT_EVERY_MS);
  }
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
};
