// Rounds of killing all of Postgres while processes commit pages with checkpoints, and a worker lives through it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type BundledProvider, createBundledProvider } from "../../src/bundled-provider/server.ts";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { isAlive } from "../../src/db/embedded/processes.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { readPage } from "../../src/db/read-page.ts";
import { checkInvariants, claimRun, createRun } from "../../src/db/runs.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { installAcme } from "../helpers/installation.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { migratedFolder } from "./folder.ts";
import { REFRESH, workerEnv } from "./refresh.ts";

const ROWS_A_BATCH = 20;
const ROWS = 120;
const PAGE_DELAY_MS = 200;
const EARLIEST_KILL_MS = 300;
const LATEST_KILL_MS = 900;

export type PostgresRounds = {
  rounds: number;
  acknowledged: number;
  /** Commits whose answer was lost, and how many of those had happened. */
  unknown: number;
  unknownCommitted: number;
  restartMs: number[];
  /** Milliseconds from the server's first answer until the worker had finished a run made then. */
  goesOnMs: number[];
};

const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]) === parent;
      } catch {
        return false; // it ended while we looked
      }
    });

/** Kill the postmaster and all its children at once, and wait until they are gone. */
export const killAll = async (postmaster: number): Promise<void> => {
  const pids = [postmaster, ...childrenOf(postmaster)];
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // a backend that ended by itself meanwhile
    }
  }
  await until("all of Postgres is dead", () => pids.every((pid) => !isAlive(pid)));
};

const install = async (pool: Pool, provider: BundledProvider, writers: number) => {
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const [dev] = await ensureEnvironments({ db: pool, keyring })({ dev: TEST_API_KEY });
  const { deploy, connect } = await installAcme({ pool, keyring, environment: dev!.id, provider });
  await deploy({ "acme/syncs/contacts.ts": REFRESH });
  const connections: number[] = [];
  for (let n = 0; n <= writers; n += 1) connections.push(await connect(`number-${n}`));
  return { connections, keys: createDataKeys({ db: pool, keyring }) };
};

/** A cluster of its own with fsync on, its writers and a worker; the returned function does one round. */
export const postgresRounds = async (t: TestContext, random: Seeded, o: { writers: number }) => {
  const provider = await createBundledProvider({
    seed: random.seed,
    rows: { contacts: ROWS },
    pageDelayMs: PAGE_DELAY_MS,
  });
  const folder = await migratedFolder();
  let server = await startEmbeddedPostgres({ dataFolder: folder });
  const { url } = server;
  const pool = createPool({ url, max: 4, applicationName: "syncline test" });
  const { connections, keys } = await install(pool, provider, o.writers);
  // The writers hold their runs without a heartbeat.
  await pool.query("update syncline.settings set lease = '10 min'");
  const syncOf = async (connection: number): Promise<number> =>
    (await pool.query("select id from syncline.syncs where connection_id = $1", [connection])).rows[0].id;
  const given: { run: number; token: number; connection: number }[] = [];
  for (const connection of connections.slice(1)) {
    const run = (await createRun(pool, { sync: await syncOf(connection), origin: "trigger", emptyCache: false }))!;
    const { token } = (await claimRun(pool, { worker: "by hand" }))!;
    given.push({ run, token, connection });
  }
  const argument = JSON.stringify({ url, writers: given });
  const writing = startProcess(t, { args: ["test/crash/commit-writer.ts", argument] });
  const writers = given.map(({ connection }) => connection);
  const hasStarted = (one: number) => writing.line(({ did, connection }) => did === "start" && connection === one);
  await Promise.all(writers.map(hasStarted));
  await pool.query("update syncline.settings set lease = '20 s'");
  const worker = await startSyncline(t, workerEnv(url));
  t.after(async () => {
    await pool.end();
    await server.stop();
    await provider.close();
  });
  const totals: PostgresRounds = {
    rounds: 0,
    acknowledged: 0,
    unknown: 0,
    unknownCommitted: 0,
    restartMs: [],
    goesOnMs: [],
  };
  const own = { connection: connections[0]!, sync: await syncOf(connections[0]!) };

  const stored = async (connection: number): Promise<{ id: string; batch: number }[]> => {
    const all: { id: string; batch: number }[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = { connection, model: "Contact", variant: "base", cursor, limit: 5_000 };
      const { body } = await readPage({ db: pool, keys })(page);
      const { records, next_cursor: next } = JSON.parse(body);
      all.push(...records);
      if (next === null) return all;
      cursor = next;
    }
  };

  const did = (writer: number, what: string): number[] =>
    writing.lines.filter((line) => line.connection === writer && line.did === what).map(({ batch }) => Number(batch));
  const countAll = (what: string): number => writing.lines.filter((line) => line.did === what).length;

  // What one writer was told against what is there: 20 records a batch, of which one is shared by all batches.
  const check = async (one: number): Promise<void> => {
    const { rows } = await pool.query("select value from syncline.checkpoints where connection_id = $1", [one]);
    const reached = Number(rows[0]?.value.batch ?? 0);
    const top = Math.max(0, ...did(one, "ack"));
    assert.ok(top <= reached, `acknowledged ${top}, but the checkpoint is ${reached}`);
    const records = await stored(one);
    const own = records.filter(({ id }) => id !== "shared");
    const perBatch = Map.groupBy(own, ({ id }) => Number(id.split("-")[0]));
    for (let batch = 1; batch <= reached; batch += 1) {
      assert.equal(perBatch.get(batch)?.length, ROWS_A_BATCH - 1, `batch ${batch} of ${reached}`);
    }
    assert.equal(perBatch.size, reached, "records of a batch beyond the checkpoint");
    assert.equal(records.find(({ id }) => id === "shared")?.batch ?? 0, reached);
    totals.unknownCommitted += did(one, "unknown").filter(
      (batch) => batch <= reached && !did(one, "ack").includes(batch),
    ).length;
  };

  const round = async (): Promise<void> => {
    const before = countAll("ack");
    await until("the writers write", () => countAll("ack") > before + o.writers);
    provider.world.edit({ kind: "contacts", count: 20 });
    const run = await createRun(pool, { sync: own.sync, origin: "trigger", emptyCache: false });
    await pause(EARLIEST_KILL_MS + random.below(LATEST_KILL_MS - EARLIEST_KILL_MS));
    await killAll(server.pid);
    const killedAt = performance.now();
    await server.stop();
    server = await startEmbeddedPostgres({ dataFolder: folder });
    assert.equal(server.url, url);
    const acceptsAt = performance.now();
    totals.restartMs.push(Math.round(acceptsAt - killedAt));
    const ended = await until("the run has ended", async () => {
      const { rows } = await pool.query(
        "select state, error from syncline.runs where id = $1 and finished_at is not null",
        [run],
      );
      return rows[0];
    });
    assert.deepEqual(ended, { state: "succeeded", error: null });
    totals.goesOnMs.push(Math.round(performance.now() - acceptsAt));
    assert.ok(worker.isAlive());
    totals.rounds += 1;
  };

  /** End the writers and compare everything. */
  const finish = async (): Promise<PostgresRounds> => {
    writing.end();
    assert.equal(await writing.exited, 0, writing.output().slice(-2000));
    for (const writer of writers) await check(writer);
    assert.deepEqual(await checkInvariants(pool, {}), []);
    worker.kill("SIGTERM");
    assert.equal(await worker.exited, 0);
    totals.acknowledged = countAll("ack");
    totals.unknown = countAll("unknown");
    return totals;
  };
  return { round, finish, totals };
};
