// `npm start` with its embedded database, killed in the middle of the first sync and started again on the same folder.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBundledProvider } from "../../src/bundled-provider/server.ts";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { findRunningPostgres } from "../../src/db/embedded/start.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { readPage } from "../../src/db/read-page.ts";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { figures } from "../helpers/figures.ts";
import { installAcme } from "../helpers/installation.ts";
import { startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { migratedFolder } from "./folder.ts";
import { REFRESH, ROWS_A_PAGE } from "./refresh.ts";

const PROMISED_MS = 25_000;
const ROWS = 600;

test("kill -9 in the middle of the first sync: the next start goes on from the checkpoint at once", async (t) => {
  const provider = await createBundledProvider({ seed: 1, rows: { contacts: ROWS }, pageDelayMs: 100 });
  t.after(() => provider.close());
  const folder = await migratedFolder();
  const env = {
    SYNCLINE_DATA: folder,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
  };
  let pool: Pool | undefined;
  t.after(() => pool?.end());
  const connectPool = () => createPool({ url: findRunningPostgres(folder)!, max: 3, applicationName: "syncline test" });
  const first = async (text: string) => (await pool!.query(text)).rows[0];

  const killed = await startSyncline(t, env);
  pool = connectPool();
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const environment = (await first("select id from syncline.environments where name = 'dev'")).id;
  const { deploy, connect } = await installAcme({ pool, keyring, environment, provider });
  await deploy({ "acme/syncs/contacts.ts": REFRESH });
  const connection = await connect("one");
  const run = await createRun(pool, {
    sync: (await first("select id from syncline.syncs")).id,
    origin: "trigger",
    emptyCache: false,
  });
  await until(
    "half of the pages are committed",
    async () => (await first("select value from syncline.checkpoints"))?.value.page >= 10,
  );
  killed.kill("SIGKILL");
  assert.equal(await killed.exited, "SIGKILL");
  const killedAt = performance.now();
  await pool.end();

  const again = await startSyncline(t, env);
  pool = connectPool();
  const state = await first("select state, attempt from syncline.runs");
  await until("the run is taken up", async () => (await first("select attempt from syncline.runs")).attempt === 2);
  const takenUpMs = Math.round(performance.now() - killedAt);
  await until("the run has ended", async () => (await first("select finished_at from syncline.runs")).finished_at);
  figures(t, { takenUpMs, state });
  assert.ok(takenUpMs < PROMISED_MS, `${takenUpMs} ms`);
  assert.partialDeepStrictEqual(await first("select id, state, error from syncline.runs"), {
    id: run,
    state: "succeeded",
    error: null,
  });

  const keys = createDataKeys({ db: pool, keyring });
  const { body } = await readPage({ db: pool, keys })({
    connection,
    model: "Contact",
    variant: "base",
    limit: 2 * ROWS,
  });
  const stored = (JSON.parse(body) as { records: { id: string; _nango_metadata: unknown }[] }).records
    .map(({ _nango_metadata, ...row }) => row)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(stored, [...provider.world.rows("contacts")]);
  assert.deepEqual(await checkInvariants(pool, {}), []);
  const pages = provider.stats.pages.map(({ query }) => Number(new URLSearchParams(query).get("page")));
  const steps = pages.slice(1).map((page, at) => page - pages[at]!);
  const fetchedAgain = steps.filter((step) => step === 0).length;
  assert.ok(fetchedAgain <= 1 && steps.every((step) => step === 0 || step === 1), `fetched ${pages}`);
  assert.equal(pages.at(-1), ROWS / ROWS_A_PAGE - 1);
  again.kill("SIGTERM");
  assert.equal(await again.exited, 0);
});
