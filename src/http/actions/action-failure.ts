// How the failure of an action is answered, by the endpoint that waited for it and by the one that has its result.
import type { Response } from "express";
import { CODES, type Code } from "../../errors.ts";
import { FunctionFailed } from "../../runs/function-failed.ts";

/** The codes of failed actions. What else a function's calls may fail with is its own failure: script_internal_error. */
export const ACTION_FAILURES = [
  "action_script_runtime_error",
  "script_http_error",
  "script_api_rate_limit_error",
  "script_network_error",
  "script_internal_error",
  "script_output_too_large",
  "script_aborted",
  "invalid_action_input",
  "invalid_action_output",
  "action_too_deep",
  "execution_timeout",
  "function_runtime_out_of_memory",
  "function_runtime_out_of_cpu",
  "worker_lost",
  "database_unavailable",
] as const satisfies readonly Code[];

type Failure = { code: Code; message?: string; payload?: unknown; upstream?: object };

const known: ReadonlySet<string> = new Set(ACTION_FAILURES);

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is said of a failed action: a code of ACTION_FAILURES, and what the function or its provider said. */
export const describeFailure = ({ type, message, payload, status, headers }: FunctionFailed): Failure => {
  if (type === "script_http_error") return { code: type, payload, upstream: { status, headers, body: payload } };
  if (known.has(type)) return { code: type as Code, message, ...(payload !== undefined && { payload }) };
  return { code: "script_internal_error", message, payload: { code: type, ...(isObject(payload) ? payload : {}) } };
};

/** Await an action; its failure is answered here and gives undefined, anything else is thrown on. */
export const answering = async (res: Response, work: Promise<unknown>): Promise<unknown> => {
  try {
    return (await work) ?? null;
  } catch (thrown) {
    if (!(thrown instanceof FunctionFailed)) throw thrown;
    const error = describeFailure(thrown);
    res.status(CODES[error.code].status).json({ error });
    return undefined;
  }
};
