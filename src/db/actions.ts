// Bindings of sql/83_action.sql: actions that somebody asks for, and the results that are kept of them.
import { z } from "zod";
import { fn, maybeRow, nothing, row, rows, rowsUnchecked, rowUnchecked, value } from "./fn.ts";
import type { Lease } from "./runs.ts";

/** What the database itself decided about an action that no function brought to an end. */
const OwnError = z.object({ type: z.string(), message: z.string() }).nullable();

const outcome = { outcome_sealed: z.instanceof(Buffer).nullable(), error: OwnError, run_id: z.number().nullable() };

const Asked = z.object({
  is_new: z.boolean(),
  is_same_input: z.boolean(),
  uid: z.string(),
  state: z.enum(["waiting", "running", "succeeded", "failed"]),
  ...outcome,
});

/** An action that was asked for, or what came of the call that used its key first. */
export type AskedAction = z.infer<typeof Asked>;

const JsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]).optional();

const Listed = z.object({
  name: z.string(),
  definition: z.object({ description: z.string(), input: JsonSchema, output: JsonSchema }),
});

/** An action, and what it takes and gives. */
export type ListedAction = z.infer<typeof Listed>;

export const listActions = fn("list_actions", { connection: "int" }, rows(Listed));

/** A run of an action of a connection known by its names, running at once under a lease of this worker. */
export const startAction = fn(
  "start_action",
  { worker: "text", environment: "int", integration: "text", connection: "text", name: "text" },
  rowUnchecked<Lease>(),
);
export const askAction = fn(
  "ask_action",
  {
    uid: "uuid",
    connection: "int",
    name: "text",
    isAsync: "boolean",
    inputSealed: "bytea",
    maxRetries: "int",
    key: "text",
    inputHash: "bytea",
    worker: "text",
  },
  row(Asked),
);
export const leaseOfRun = fn("lease_of_run", { run: "bigint" }, rowUnchecked<Lease>());

const claimed = fn("claim_action", { worker: "text" }, rowsUnchecked<Lease>());

/** The next asynchronous action, for this worker to run, or undefined when none is due. */
export const claimAction = async (...args: Parameters<typeof claimed>): Promise<Lease | undefined> =>
  (await claimed(...args))[0];
claimAction.sqlName = claimed.sqlName;
claimAction.params = claimed.params;

export const releaseAction = fn("release_action", { run: "bigint", token: "bigint" }, nothing());
export const getActionInput = fn(
  "get_action_input",
  { run: "bigint" },
  row(z.object({ uid: z.string(), input_sealed: z.instanceof(Buffer) })),
);
export const finishAction = fn(
  "finish_action",
  { run: "bigint", token: "bigint", outcome: "bytea" },
  value(z.number()),
);
export const failAction = fn(
  "fail_action",
  { run: "bigint", token: "bigint", error: "jsonb", outcome: "bytea" },
  value(z.number()),
);
export const findActionResult = fn(
  "find_action_result",
  { environment: "int", uid: "uuid" },
  maybeRow(z.object({ connection_id: z.number(), ...outcome })),
);
