// What function files import from `syncline` (or its alias `nango`).
import type { SyncConfig, ZodCheckpoint, ZodMetadata, ZodModel } from "./types.ts";

export type { ActionError } from "./errors.ts";
export type * from "./types.ts";

/** Declare a sync: what it stores, how often it runs and how. The file's default export. */
export const createSync = <
  Models extends Record<string, ZodModel>,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
>(
  config: SyncConfig<Models, Metadata, Checkpoint>,
) => ({ type: "sync" as const, ...config });
