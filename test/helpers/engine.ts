// A whole engine inside a test: a database, the bundled provider, an integration with connections, functions, workers.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type BundledProvider, createBundledProvider } from "../../src/bundled-provider/server.ts";
import { createDataKeys, type DataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { credentialsPlace } from "../../src/crypto/places.ts";
import { sealJson } from "../../src/crypto/seal.ts";
import { importConnection, setCredentials } from "../../src/db/connections.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { deployFunctions, installSyncs } from "../../src/db/functions.ts";
import { createIntegration } from "../../src/db/integrations.ts";
import { readPage } from "../../src/db/read-page.ts";
import { compileFolder } from "../../src/functions/compile.ts";
import { startWorker, type Worker } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { type TestDatabase, testDatabase } from "./database.ts";

export const TEST_MASTER_KEY = Buffer.alloc(32, 7);
export const TEST_API_KEY = "test-key-0123456789";

type Record = { id: string; _nango_metadata: { last_action: string; cursor: string } } & { [field: string]: unknown };

export type Engine = {
  db: TestDatabase;
  keys: DataKeys;
  environment: number;
  provider: BundledProvider;
  /** Deploy functions given as texts by path, such as `acme/syncs/contacts.ts`; they replace all others. */
  deploy: (files: { [file: string]: string }) => Promise<void>;
  /** Make a connection of integration `acme`; its id in the table. */
  connect: (name: string) => Promise<number>;
  startWorker: (o?: { concurrency?: number }) => Promise<Worker>;
  /** All records of a model by cursor, `limit` a page. */
  records: (connection: number, model: string, o?: { variant?: string; limit?: number }) => Promise<Record[]>;
  /** Resolves when no run is ready or running and no sync is due. */
  quiet: () => Promise<void>;
};

const compileTexts = async (files: { [file: string]: string }) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "syncline-functions-"));
  try {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    }
    const { functions, problems } = await compileFolder(folder);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return functions;
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** An engine on a fresh database; everything ends with the test. `rows` are those of the bundled provider. */
export const testEngine = async (
  t: TestContext,
  o: { rows?: { contacts?: number; companies?: number; tickets?: number }; seed?: number } = {},
): Promise<Engine> => {
  const db = await testDatabase(t, { poolSize: 30 });
  const provider = await createBundledProvider({ seed: o.seed ?? 1, rows: o.rows ?? { contacts: 250 } });
  t.after(() => provider.close());
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const keys = createDataKeys({ db: db.pool, keyring });
  const [dev] = await ensureEnvironments({ db: db.pool, keyring })({ dev: TEST_API_KEY });
  const environment = dev!.id;
  const shared = { displayName: "Acme", forwardWebhooks: true, credentialsSealed: null, config: {}, custom: {} };
  await createIntegration(db.pool, { environment, uniqueKey: "acme", provider: "acme", ...shared });
  const log = createLogger("silent");

  const connect = async (name: string): Promise<number> => {
    const key = keyring.createDataKey();
    const { id, wrapped } = await importConnection(db.pool, {
      environment,
      integration: "acme",
      connection: name,
      authMode: "API_KEY",
      connectionConfig: { baseUrl: provider.url },
      metadata: {},
      tags: {},
      generatedTags: {},
      endUser: null,
      webhookUrlOverride: null,
      wrapped: key.wrapped,
      masterKeyId: key.master_key_id,
    });
    const place = credentialsPlace(environment, "acme", name);
    const credentials = { type: "API_KEY", apiKey: provider.credentials.apiKey };
    await setCredentials(db.pool, {
      connection: id,
      sealed: sealJson(keyring.open(wrapped), credentials, place),
      expireAt: null,
    });
    await installSyncs(db.pool, { connection: id });
    return id;
  };

  const start = async ({ concurrency = 4 } = {}): Promise<Worker> => {
    const jobPool = db.newPool({ max: concurrency + 7, options: "-c plan_cache_mode=force_custom_plan" });
    const worker = await startWorker({
      pool: db.pool,
      jobPool,
      url: db.url,
      keys,
      catalogue: loadCatalogue({ files: [] }),
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
    return { id: worker.id, stop };
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
    startWorker: start,
    deploy: async (files) => {
      const functions = await compileTexts(files);
      await deployFunctions(db.pool, { environment, functions, mode: "all" });
    },
    quiet: async () => {
      while (!(await isQuiet())) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
};
