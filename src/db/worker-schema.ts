// graphile-worker's own schema: installed by its own migrations, when its version changed.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Pool } from "./pool.ts";

/** The version of graphile-worker this process runs. */
export const readWorkerVersion = (): string => {
  const file = new URL("../package.json", import.meta.resolve("graphile-worker"));
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(fileURLToPath(file), "utf8"))).version;
};

/** Bring schema graphile_worker up to date; needs one free connection of `pool`. */
export const migrateWorker = async (pool: Pool): Promise<void> => {
  const { Logger, runMigrations } = await import("graphile-worker"); // here: mostly there is nothing to do, and it takes 0.1 s
  await runMigrations({ pgPool: pool, logger: new Logger(() => () => {}) });
};
