// Rounds of killing Postgres and workers while syncs that are delivered into a table save, update, delete and refresh. All the
// time another session compares the table with the records, each look one statement and so one snapshot.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createBundledProvider } from "../../src/bundled-provider/server.ts";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { open } from "../../src/crypto/seal.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { installAcme } from "../helpers/installation.ts";
import { startSyncline } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { migratedFolder } from "./folder.ts";
import { killAll } from "./postgres-rounds.ts";
import { workerEnv } from "./refresh.ts";

const CONNECTIONS = ["one", "two", "three"];
const WORKERS = 2;
const ROWS = 240;
const ROWS_A_PAGE = 30;
const PAGE_DELAY_MS = 40;
const EARLIEST_KILL_MS = 150;
const LATEST_KILL_MS = 1_200;
const LOOK_EVERY_MS = 5;

// Every page is saved; of each some records are updated in part, one is deleted and comes back the next time.
const SYNC = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "All contacts, page by page", version: "1.0.0", frequency: "every day", autoStart: false, trackDeletes: true,
  checkpoint: z.object({ cursor: z.string() }),
  models: { Contact: z.object({ id: z.string(), touched: z.string().optional(), address: z.object({ city: z.string() }).optional() }) },
  deliver: { Contact: { table: "crm.contacts", columns: {
    account: "$connectionId", contact_id: "$id", city: "address.city", document: "$record", version: "$lastModifiedAt" } } },
  exec: async (nango) => {
    let cursor = (await nango.getCheckpoint())?.cursor ?? "";
    do {
      const params = { limit: ${ROWS_A_PAGE}, ...(cursor ? { cursor } : {}) };
      const { data } = await nango.get({ endpoint: "/v1/contacts", params });
      await nango.batchSave(data.data, "Contact");
      const some = data.data.slice(0, 5).map(({ id }) => ({ id, touched: String(Date.now()) }));
      await nango.batchUpdate(some, "Contact");
      if (data.data.length > 7) await nango.batchDelete([{ id: data.data[7].id }], "Contact");
      cursor = data.next_cursor;
      if (cursor) await nango.saveCheckpoint({ cursor });
    } while (cursor);
    await nango.clearCheckpoint();
  },
});
`;

const TABLE = `
create schema crm;
create table crm.contacts (account text, contact_id text, city text, document jsonb, version timestamptz, primary key (account, contact_id))`;

// The time of its last change is a record's version: it changes with each, under the stream's lock.
const LOOK = `
select count(*)::int as rows,
       count(*) filter (where r.version is distinct from t.version or t.document ->> 'id' is distinct from r.id)::int as differences
  from (
    select n.connection_id as account, r.external_id as id, r.last_modified_at as version
      from syncline.records r
      join syncline.streams s on s.id = r.stream_id and s.retired_at is null
      join syncline.connections n on n.id = s.connection_id
     where r.last_action <> 'D') r
  full join crm.contacts t on t.account = r.account and t.contact_id = r.id`;

export type LandingRounds = {
  rounds: number;
  postgresKilled: number;
  workersKilled: number;
  /** How often the table was compared with the records, */
  looks: number;
  /** how often that was another state than the time before, */
  states: number;
  /** and how many rows were not as the records. */
  differences: number;
};

const watch = (url: string, totals: LandingRounds) => {
  const pool = createPool({ url, max: 1, applicationName: "the observer" });
  let isOver = false;
  let state = "";
  const look = async (): Promise<void> => {
    const { rows } = await pool.query(LOOK);
    totals.looks += 1;
    totals.differences += rows[0].differences;
    const { rows: found } = await pool.query("select count(*)::text || max(version)::text as state from crm.contacts");
    if (found[0].state !== state) totals.states += 1;
    state = found[0].state;
  };
  const over = (async () => {
    while (!isOver) {
      await look().catch(() => {}); // the server is dead
      await pause(LOOK_EVERY_MS);
    }
    await pool.end();
  })();
  return {
    stop: async (): Promise<void> => {
      isOver = true;
      await over;
    },
  };
};

const compareContents = async (pool: Pool, keys: ReturnType<typeof createDataKeys>): Promise<void> => {
  const { rows: delivered } = await pool.query(
    "select account, document from crm.contacts order by account, contact_id",
  );
  const { rows: stored } = await pool.query(
    `select n.connection_id as account, n.id as connection, r.stream_id, r.external_id, r.payload
       from syncline.records r join syncline.streams s on s.id = r.stream_id join syncline.connections n on n.id = s.connection_id
      where r.last_action <> 'D' and s.retired_at is null order by n.connection_id, r.external_id`,
  );
  const opened = [];
  for (const { account, connection, stream_id: stream, external_id: id, payload } of stored) {
    const text = open(await keys.ofConnection(connection), payload, sealPlace(stream, id));
    opened.push({ account, document: { id, ...JSON.parse(text) } });
  }
  assert.deepEqual(delivered, opened);
};

/**
 * A cluster of its own with fsync on, two workers and the observer; the returned function does one round. The worker killed
 * in the last of so many `rounds` is not replaced.
 */
export const landingRounds = async (t: TestContext, random: Seeded, o: { rounds: number }) => {
  const provider = await createBundledProvider({
    seed: random.seed,
    rows: { contacts: ROWS },
    pageDelayMs: PAGE_DELAY_MS,
  });
  const folder = await migratedFolder();
  let server = await startEmbeddedPostgres({ dataFolder: folder });
  const { url } = server;
  const pool = createPool({ url, max: 4, applicationName: "syncline test" });
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const [dev] = await ensureEnvironments({ db: pool, keyring })({ dev: TEST_API_KEY });
  await pool.query(TABLE);
  await pool.query("select syncline.allow_delivery('dev', 'crm.contacts')");
  const { deploy, connect } = await installAcme({ pool, keyring, environment: dev!.id, provider });
  await deploy({ "acme/syncs/contacts.ts": SYNC });
  for (const name of CONNECTIONS) await connect(name);
  await pool.query("update syncline.settings set lease = '2 s', max_run_attempts = 50");
  const keys = createDataKeys({ db: pool, keyring });
  const start = () => startSyncline(t, workerEnv(url));
  const workers = await Promise.all(Array.from({ length: WORKERS }, start));
  const totals: LandingRounds = { rounds: 0, postgresKilled: 0, workersKilled: 0, looks: 0, states: 0, differences: 0 };
  const observer = watch(url, totals);
  t.after(async () => {
    await observer.stop();
    await pool.end();
    await server.stop();
    await provider.close();
  });

  const killPostgres = async (): Promise<void> => {
    await killAll(server.pid);
    await server.stop();
    server = await startEmbeddedPostgres({ dataFolder: folder });
    assert.equal(server.url, url);
    totals.postgresKilled += 1;
  };
  const killWorker = async (): Promise<void> => {
    const victim = random.below(WORKERS);
    workers[victim]!.kill("SIGKILL");
    assert.equal(await workers[victim]!.exited, "SIGKILL");
    totals.workersKilled += 1;
    if (totals.rounds < o.rounds - 1) workers[victim] = await start();
    else workers.splice(victim, 1);
  };

  const moment = () => pause(EARLIEST_KILL_MS + random.below(LATEST_KILL_MS - EARLIEST_KILL_MS));

  const round = async (): Promise<void> => {
    provider.world.edit({ kind: "contacts", add: 4, update: 20, delete: 6 });
    const { rows: syncs } = await pool.query("select id from syncline.syncs order by id");
    const runs: (number | null)[] = [];
    for (const { id: sync } of syncs) runs.push(await createRun(pool, { sync, origin: "trigger", emptyCache: false }));
    await moment();
    await killPostgres();
    await moment();
    await killWorker();
    const ended = await until(
      "all runs have ended",
      async () => {
        const { rows } = await pool.query(
          "select state, error from syncline.runs where id = any ($1) and finished_at is not null",
          [runs],
        );
        return rows.length === runs.length && rows;
      },
      60_000,
    );
    for (const run of ended) assert.deepEqual(run, { state: "succeeded", error: null });
    await compareContents(pool, keys);
    totals.rounds += 1;
  };

  /** End all and say what was seen. */
  const finish = async (): Promise<LandingRounds> => {
    await observer.stop();
    assert.deepEqual(await checkInvariants(pool, {}), []);
    for (const worker of workers) worker.kill("SIGTERM");
    for (const worker of workers) assert.equal(await worker.exited, 0);
    return totals;
  };
  return { round, finish, totals };
};
