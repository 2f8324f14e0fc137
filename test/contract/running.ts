// A running server, the whole product in a process of its own, with two environments whose keys are known.
import type { TestContext } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { type TestDatabase, testDatabase } from "../helpers/database.ts";
import { TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";

export const KEYS = { dev: "contract-dev-key-0123456789", prod: "contract-prod-key-0123456789" };

// Each run at a time is a thread, which takes 0.4 s of a core to start.
const FEW_THREADS = { SYNCLINE_CONCURRENCY: "2", SYNCLINE_ACTION_CONCURRENCY: "2" };

export type Running = { db: TestDatabase; url: string; process: TestProcess };

/** Start it; `env` are settings beside those it cannot do without. */
export const startRunning = async (t: TestContext, env: Record<string, string> = {}): Promise<Running> => {
  const db = await testDatabase(t, { poolSize: 4 });
  await ensureEnvironments({ db: db.pool, keyring: createKeyring({ masterKey: TEST_MASTER_KEY }) })(KEYS);
  const process = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
    ...FEW_THREADS,
    ...env,
  });
  const { url } = await process.line(({ event }) => event === "server.started");
  return { db, url: url as string, process };
};
