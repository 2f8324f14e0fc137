// Errors on the host's side of the isolate: what a HostCall rejects with, as plain data; how a thread ended, as a run's error.
import type { RunError, WireError } from "./protocol.ts";

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** What of a host error a function may see: never its stack or cause. */
export const toWire = (error: unknown): WireError => {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { code, type, status, payload, response } = error as Error & Record<string, unknown>;
  return {
    name: error.name,
    message: error.message,
    ...(text(code) === undefined ? {} : { code: text(code)! }),
    ...(text(type) === undefined ? {} : { type: text(type)! }),
    ...(typeof status === "number" ? { status } : {}),
    ...(payload === undefined ? {} : { payload }),
    ...(response === undefined ? {} : { response: response as NonNullable<WireError["response"]> }),
  };
};

export const memoryError = (memoryMb: number): RunError => ({
  type: "function_runtime_out_of_memory",
  message: `The function used more than ${memoryMb} MB of memory.`,
  status: 500,
});

/** `when` says over which part of the run the time was counted. */
export const cpuError = (cpuMs: number, when: string): RunError => ({
  type: "function_runtime_out_of_cpu",
  message: `The function used more than ${cpuMs / 1000} s of processor time ${when}.`,
  status: 500,
});

export const floodError = (calls: number): RunError => ({
  type: "script_internal_error",
  message: `The function had more than ${calls} calls under way at a time.`,
  status: 500,
});

/** The error of a run whose thread ended with `error`, or without a word. */
export const threadError = (error: unknown, memoryMb: number): RunError => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return memoryError(memoryMb);
  const reason = text(message) ?? "it stopped without an error";
  return { type: "script_internal_error", message: `The isolate ended: ${reason}`, status: 500 };
};

export const timeoutError = (timeoutMs: number): RunError => ({
  type: "execution_timeout",
  message: `The run took longer than ${timeoutMs} ms.`,
  status: 500,
});

export const lateError = (waitedMs: number): RunError => ({
  type: "execution_timeout",
  message: `The run found no place within ${waitedMs / 1000} s: too many others run.`,
  status: 500,
});

export const abortError = (): RunError => ({ type: "script_aborted", message: "The run was cancelled.", status: 410 });
