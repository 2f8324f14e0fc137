// A whole engine inside a test: a database, the bundled provider, an integration with connections, functions, workers.
import type { TestContext } from "node:test";
import { type BundledProvider, createBundledProvider } from "../../src/bundled-provider/server.ts";
import { createDataKeys, type DataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { readPage } from "../../src/db/read-page.ts";
import { startWorker, type Worker } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { type Executor, startExecutor } from "../../src/runs/executor.ts";
import { type TestDatabase, testDatabase } from "./database.ts";
import { type Installation, installAcme } from "./installation.ts";

export const TEST_MASTER_KEY = Buffer.alloc(32, 7);
export const TEST_API_KEY = "test-key-0123456789";

type Record = { id: string; _nango_metadata: { last_action: string; cursor: string } } & { [field: string]: unknown };

export type Engine = Installation & {
  db: TestDatabase;
  keys: DataKeys;
  environment: number;
  provider: BundledProvider;
  /** What works on runs, without a worker that takes them. */
  startExecutor: (o?: { concurrency?: number; graceMs?: number }) => Promise<Executor>;
  startWorker: (o?: { concurrency?: number }) => Promise<Worker & { executor: Executor }>;
  /** All records of a model by cursor, `limit` a page. */
  records: (connection: number, model: string, o?: { variant?: string; limit?: number }) => Promise<Record[]>;
  /** What the app would hold: the records that are not deleted, by id, as the provider sent them. */
  live: (connection: number, model: string) => Promise<object[]>;
  /** Resolves when no run is ready or running and no sync is due. */
  quiet: () => Promise<void>;
};

/** An engine on a fresh database; everything ends with the test. `rows` are those of the bundled provider. */
export const testEngine = async (
  t: TestContext,
  o: { rows?: { contacts?: number; companies?: number; tickets?: number }; seed?: number; pageDelayMs?: number } = {},
): Promise<Engine> => {
  const db = await testDatabase(t, { poolSize: 30 });
  const provider = await createBundledProvider({
    seed: o.seed ?? 1,
    rows: o.rows ?? { contacts: 250 },
    pageDelayMs: o.pageDelayMs ?? 0,
  });
  t.after(() => provider.close());
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const keys = createDataKeys({ db: db.pool, keyring });
  const [dev] = await ensureEnvironments({ db: db.pool, keyring })({ dev: TEST_API_KEY });
  const environment = dev!.id;
  const { deploy, connect } = await installAcme({ pool: db.pool, keyring, environment, provider });
  const log = createLogger("silent");

  const start: Engine["startExecutor"] = async ({ concurrency = 4, ...o } = {}) => {
    const executor = await startExecutor({
      pool: db.pool,
      url: db.url,
      keys,
      catalogue: loadCatalogue({ files: [] }),
      allowPrivateHosts: ["127.0.0.0/8"],
      serverUrl: "https://sync.example",
      concurrency,
      ...o,
      log,
    });
    t.after(executor.stop);
    return executor;
  };

  const work: Engine["startWorker"] = async ({ concurrency = 4 } = {}) => {
    const jobPool = db.newPool({ max: concurrency + 8, options: "-c plan_cache_mode=force_custom_plan" });
    const executor = await start({ concurrency });
    const worker = await startWorker({
      pool: db.pool,
      jobPool,
      executor,
      keys,
      allowPrivateHosts: ["127.0.0.0/8"],
      concurrency,
      isAlone: false,
      log,
    });
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      stopping ??= worker.stop();
      return stopping;
    };
    t.after(stop);
    return { id: worker.id, executor, stop };
  };

  const records: Engine["records"] = async (connection, model, { variant = "base", limit = 1000 } = {}) => {
    const all: Record[] = [];
    let cursor: string | undefined;
    do {
      const page = await readPage({ db: db.pool, keys })({ connection, model, variant, cursor, limit });
      const parsed = JSON.parse(page.body) as { records: Record[]; next_cursor: string | null };
      all.push(...parsed.records);
      cursor = parsed.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return all;
  };

  const live: Engine["live"] = async (connection, model) =>
    (await records(connection, model))
      .filter(({ _nango_metadata: { last_action } }) => last_action !== "DELETED")
      .map(({ _nango_metadata, ...row }) => row)
      .sort((a, b) => (a.id! < b.id! ? -1 : 1));

  const isQuiet = async (): Promise<boolean> => {
    const [row] = await db.query(
      `select not exists (select from syncline.runs where state in ('ready', 'running'))
          and not exists (select from syncline.syncs where next_run_at <= syncline.now()) as quiet`,
    );
    return row?.quiet as boolean;
  };

  return {
    db,
    keys,
    environment,
    provider,
    connect,
    records,
    live,
    startExecutor: start,
    startWorker: work,
    deploy,
    quiet: async () => {
      while (!(await isQuiet())) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
};
