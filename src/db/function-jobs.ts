// Bindings of sql/68_function_job.sql: single functions that are being deployed or tried out.
import { z } from "zod";
import { fn, maybeRow, nothing, row } from "./fn.ts";

const Job = z.object({
  id: z.string(),
  integration: z.string(),
  function_name: z.string().nullable(),
  function_type: z.enum(["sync", "action"]),
  state: z.enum(["running", "success", "failed"]),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  outcome_sealed: z.instanceof(Buffer).nullable(),
});

export type FunctionJob = z.infer<typeof Job>;

export const beginFunctionJob = fn(
  "begin_function_job",
  { environment: "int", kind: "text", integration: "text", functionName: "text", functionType: "text" },
  row(z.object({ id: z.string(), started_at: z.string() })),
);
export const endFunctionJob = fn(
  "end_function_job",
  { environment: "int", job: "uuid", isSuccess: "boolean", outcomeSealed: "bytea" },
  nothing(),
);
export const findFunctionJob = fn(
  "find_function_job",
  { environment: "int", kind: "text", job: "uuid" },
  maybeRow(Job),
);
