// Bindings of sql/20_run.sql, 22_direct_run.sql, 82_finish.sql, 84_tick.sql and 87_undo.sql: who works on which run, how it
// ends, and how it is undone.
import { z } from "zod";
import { fn, nothing, row, rows, rowsUnchecked, rowUnchecked, value } from "./fn.ts";

/**
 * A run that the caller holds: everything there is to know to work on it. Times are UTC texts with microseconds.
 * `sync_name` is the name of the function where there is no sync.
 */
export type Lease = {
  id: number;
  token: number;
  attempt: number;
  kind: "sync" | "webhook" | "action" | "on-event";
  environment_id: number;
  environment_name: string;
  connection_id: number;
  connection_name: string;
  integration_id: number;
  provider_config_key: string;
  provider: string;
  sync_id: number | null;
  sync_uid: string | null;
  sync_name: string;
  variant: string;
  function_id: number;
  function_hash: string;
  models: string[];
  track_deletes: boolean;
  empty_cache: boolean;
  last_success_at: string | null;
  started_at: string;
  timeout_ms: number;
  record_validation: "off" | "warn" | "enforce";
  /** Its function delivers records into tables of the user's. */
  delivers: boolean;
};

const claimed = fn("claim_run", { worker: "text" }, rowsUnchecked<Lease>());

/** One ready run for this worker, or undefined when none is due. */
export const claimRun = async (...args: Parameters<typeof claimed>): Promise<Lease | undefined> =>
  (await claimed(...args))[0];
claimRun.sqlName = claimed.sqlName;
claimRun.params = claimed.params;

/** A run of an action or event function, running at once under a lease of this worker. */
export const startRun = fn(
  "start_run",
  { worker: "text", connection: "int", kind: "text", name: "text" },
  rowUnchecked<Lease>(),
);

export const listEventFunctions = fn(
  "list_event_functions",
  { connection: "int", event: "text" },
  rows(z.object({ id: z.number(), name: z.string() })),
);

const fence = { run: "bigint", token: "bigint" } as const;

export const createRun = fn(
  "create_run",
  { sync: "int", origin: "text", emptyCache: "boolean" },
  value(z.number().nullable()),
);
export const dispatchDue = fn("dispatch_due", { limit: "int" }, value(z.number()));
export const heartbeat = fn(
  "heartbeat",
  { worker: "text", pools: "text[]", runs: "bigint[]", tokens: "bigint[]" },
  rows(z.object({ lost_run: z.number() })),
);
export const heartbeatInterval = fn("heartbeat_interval", {}, value(z.string()));
export const releaseRun = fn("release_run", fence, nothing());
export const requeueExpired = fn("requeue_expired", { nobodyLives: "boolean" }, value(z.number()));
export const cancelRun = fn("cancel_run", { run: "bigint" }, value(z.boolean()));
export const finishRun = fn("finish_run", fence, value(z.number()));
export const failRun = fn("fail_run", { ...fence, error: "jsonb" }, value(z.number()));
export const interruptRun = fn("interrupt_run", fence, value(z.number().nullable()));

const Ticked = z.object({
  dispatched: z.number(),
  requeued: z.number(),
  buried: z.number(),
  rung: z.number(),
  delivering: z.boolean(),
});
export const tick = fn("tick", { limit: "int" }, row(Ticked));
export const tidyLogs = fn("tidy_logs", {}, value(z.number()));
export const tidy = fn("tidy", {}, row(z.object({ has_more: z.boolean() })));
export const approveDeletes = fn("approve_deletes", { refresh: "bigint" }, value(z.number()));
export const discardDeletes = fn("discard_deletes", { refresh: "bigint" }, value(z.number()));
export const checkInvariants = fn(
  "check_invariants",
  {},
  rows(z.object({ law: z.string(), subject: z.string(), detail: z.string() })),
);
