// Bindings of sql/62_control.sql and 63_status.sql: what apps do to syncs, and how syncs are doing.
import { z } from "zod";
import { fn, nothing, row, rows, value } from "./fn.ts";

const scope = { environment: "int", integration: "text", connection: "text", syncs: "text[]" } as const;
const one = { environment: "int", integration: "text", connection: "text", sync: "text", variant: "text" } as const;

const Status = z.object({
  id: z.string(),
  connection_id: z.string(),
  name: z.string(),
  variant: z.string(),
  type: z.enum(["INITIAL", "INCREMENTAL"]),
  status: z.enum(["RUNNING", "PAUSED", "ERROR", "STOPPED", "SUCCESS"]),
  frequency: z.string(),
  finished_at: z.string().nullable(),
  next_scheduled_sync_at: z.string().nullable(),
  latest_result: z
    .record(z.string(), z.object({ added: z.number(), updated: z.number(), deleted: z.number() }))
    .nullable(),
  latest_execution_status: z.string().nullable(),
  record_count: z.record(z.string(), z.number()),
  checkpoint: z.record(z.string(), z.unknown()).nullable(),
});

export type SyncStatus = z.infer<typeof Status>;

export const triggerSync = fn(
  "trigger_sync",
  { ...scope, reset: "boolean?", emptyCache: "boolean?" },
  value(z.number()),
);
export const startSync = fn("start_sync", scope, value(z.number()));
export const pauseSync = fn("pause_sync", scope, value(z.number()));
export const syncStatus = fn("sync_status", scope, rows(Status));
export const setFrequency = fn("set_frequency", { ...one, frequency: "text" }, value(z.string()));
export const createVariant = fn(
  "create_variant",
  one,
  row(z.object({ id: z.string(), name: z.string(), variant: z.string() })),
);
export const deleteVariant = fn("delete_variant", one, nothing());
