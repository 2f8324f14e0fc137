// What the API needs from outside, handed to every install function.
import type { Express } from "express";
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Pool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import type { Executor } from "../runs/executor.ts";

export type HttpDeps = {
  db: Pool;
  keys: DataKeys;
  catalogue: Catalogue;
  log: Logger;
  /** True once migrated and working; `/ready` says so. */
  ready: () => boolean;
  /** Runs functions in this process while a request waits. */
  runs: Pick<Executor, "runAction" | "runEvent" | "dryRun">;
};

/** Adds routes to the app. */
export type Install = (app: Express, deps: HttpDeps) => void;
