// What crosses between the host and the isolate: plain objects over a message port, nothing else.
// Both sides import only types and one number from here, so the SDK's bundle carries no host code.

/** The only way out of the isolate. Rejections reach the function as errors with `name`, `code`, `message`, `payload` and `response`. */
export type HostCall = (method: string, args: unknown[]) => Promise<unknown>;

export type LogLevel = "debug" | "info" | "warn" | "error";

export type ScriptType = "sync" | "webhook" | "action" | "on-event";

/** Data that does not match its schema is refused, let through and logged, or not looked at. */
export type ValidationMode = "off" | "warn" | "enforce";

/** What a run knows without asking. Plain data: it is copied into the isolate. */
export type RunContext = {
  variant: string;
  connectionId: string;
  providerConfigKey: string;
  provider: string;
  environmentName: string;
  environmentId: number | string;
  syncId: string | null;
  runId: string;
  lastSyncDate: string | null;
  scriptType: ScriptType;
  /** Messages below this level stay in the isolate. */
  logLevel: LogLevel | "off";
  trackDeletes?: boolean;
  /** Of the records it saves, and of an action's input and output. Absent: off. */
  validation?: ValidationMode;
  /** The provider's own pagination settings, overlaid by those of the call; null when there is no such provider. */
  paginateDefaults?: Record<string, unknown> | null | undefined;
  functionName?: string;
  models?: string[];
  /** The connection's own number, beside the name its app gave it. */
  connectionNumber?: number;
  /** The records were dropped before this run. */
  emptyCache?: boolean;
  /** A run from the command line, without a server. */
  isCLI?: boolean;
  /** The run waits for nothing: timers fire at once, in the order of their times, and the clock moves on with them, or stands still at `frozenAt`. */
  virtualTime?: { frozenAt: string | number | null };
  /** As published test mocks behave: input is not validated, and `nango` has a `fixtureProvider`, by which functions know them. */
  isLikeMocks?: boolean;
};

/** Why a run failed. `status`, `headers` and `payload` are the provider's answer where there was one. */
export type RunError = {
  type: string;
  message: string;
  status?: number;
  payload?: unknown;
  headers?: Record<string, string>;
  /** At most 10 lines; the function's own files by name, line and column. */
  stack?: string;
};

/** `value` is what the function returned, as JSON would carry it. */
export type IsolateOutcome = { ok: true; value?: unknown } | { ok: false; error: RunError };

export type Entry = "exec" | "onWebhook" | "onWebhookBatch" | "describe";

/** One run. `timeoutMs` counts from the moment a thread takes it; `signal` ends it at once. */
export type IsolateJob = {
  bundle: string;
  hash: string;
  entry: Entry;
  payload?: unknown;
  context: RunContext;
  call: HostCall;
  signal: AbortSignal;
  timeoutMs: number;
};

export type WireError = {
  name: string;
  message: string;
  code?: string;
  type?: string;
  status?: number;
  payload?: unknown;
  response?: { status: number; statusText: string; headers: Record<string, string>; data: unknown };
};

/** `bundle` is null when this thread has compiled `hash` before. */
export type RunMessage = {
  kind: "run";
  hash: string;
  bundle: string | null;
  entry: Entry;
  payload: unknown;
  context: RunContext;
};

export type ReplyMessage = { kind: "reply"; id: number } & (
  | { ok: true; value: unknown }
  | { ok: false; error: WireError }
);

export type ToIsolate = RunMessage | ReplyMessage;

/** `isSpoiled` says that the run changed what no new context brings back: the thread takes no more runs. */
export type FromIsolate =
  | { kind: "call"; id: number; method: string; args: unknown[] }
  | { kind: "done"; outcome: IsolateOutcome; isSpoiled: boolean };

/** Calls of one run under way at a time; the isolate holds back further ones. */
export const CALLS_AT_ONCE = 256;
