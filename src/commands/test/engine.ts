// The engine that tests run on: a throw-away Postgres with our schema, one environment, isolates. Nothing of it stays.
import { randomBytes } from "node:crypto";
import { createDataKeys, type DataKeys } from "../../crypto/data-keys.ts";
import { createKeyring, type Keyring } from "../../crypto/keyring.ts";
import { ensureEnvironments } from "../../db/ensure-environments.ts";
import { createPool, type Pool } from "../../db/pool.ts";
import { startMigratedPostgres } from "../../db/throw-away.ts";
import { createIsolatePool, type IsolatePool } from "../../functions/isolate-pool.ts";
import { createLogger, type Logger } from "../../log.ts";
import { type Catalogue, loadCatalogue } from "../../providers/catalogue.ts";

/** Functions that run at a time: two cores are kept busy while some of them wait for Postgres. */
export const RUNS_AT_A_TIME = 4;

const ISOLATE_MEMORY_MB = 256; // a recording of a hundred pages is in the isolate as a whole
const CONNECTIONS = 3 * RUNS_AT_A_TIME;

export type Engine = {
  pool: Pool;
  keyring: Keyring;
  keys: DataKeys;
  catalogue: Catalogue;
  environment: number;
  isolates: IsolatePool;
  log: Logger;
  /** Ends everything and removes the database; the same however often called. */
  stop: () => Promise<void>;
};

type Stops = (() => Promise<void>)[];

const stopAll = async (stops: Stops): Promise<void> => {
  for (let last = stops.pop(); last !== undefined; last = stops.pop()) await last();
};

const startParts = async (stops: Stops, providerFiles: string[]): Promise<Omit<Engine, "stop">> => {
  const log = createLogger("silent");
  const database = await startMigratedPostgres();
  stops.push(() => database.stop());
  const pool = createPool({ url: database.url, max: CONNECTIONS, applicationName: `syncline test ${process.pid}` });
  stops.push(() => pool.end());
  const keyring = createKeyring({ masterKey: randomBytes(32) });
  const [made] = await ensureEnvironments({ db: pool, keyring })({ dev: undefined });
  const isolates = createIsolatePool({ size: RUNS_AT_A_TIME, memoryMb: ISOLATE_MEMORY_MB, log });
  stops.push(() => isolates.close());
  const catalogue = loadCatalogue({ files: providerFiles });
  return {
    pool,
    keyring,
    keys: createDataKeys({ db: pool, keyring }),
    catalogue,
    environment: made!.id,
    isolates,
    log,
  };
};

/** Start it, in some 2 s. What was started is stopped again when a part does not start. */
export const startEngine = async ({ providerFiles }: { providerFiles: string[] }): Promise<Engine> => {
  const stops: Stops = [];
  try {
    const parts = await startParts(stops, providerFiles);
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      stopping ??= stopAll(stops);
      return stopping;
    };
    return { ...parts, stop };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
};
