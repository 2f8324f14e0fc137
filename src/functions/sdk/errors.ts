// Errors inside the isolate: the author's ActionError, host errors rebuilt from the wire, and what a failed run reports.
import type { RunError, WireError } from "../protocol.ts";
import { toPlain } from "./plain.ts";

const RUNTIME_ERROR = "action_script_runtime_error";

/** What a function throws to refuse with a payload of its own. */
export class ActionError<T = Record<string, unknown>> extends Error {
  readonly type = RUNTIME_ERROR;
  readonly payload: Record<string, unknown> | undefined;

  constructor(payload?: T) {
    const { message } = (payload ?? {}) as { message?: unknown };
    super(typeof message === "string" ? message : typeof payload === "string" ? payload : "");
    this.name = "ActionError";
    this.payload = (payload === undefined ? {} : payload) as Record<string, unknown>;
  }
}

/** Codes of errors that came from the host; an author cannot forge them by setting `code`. */
const hostCodes = new WeakMap<Error, string>();

const statusClass = (status: number): string => (status >= 500 ? "ERR_BAD_RESPONSE" : "ERR_BAD_REQUEST");

const upstreamError = (wire: WireError, config: unknown): Error => {
  const { response } = wire;
  const message = response === undefined ? wire.message : `Request failed with status code ${response.status}`;
  const code = response === undefined ? wire.code : statusClass(response.status);
  const error = Object.assign(new Error(message), { isAxiosError: true, code, config, status: response?.status });
  if (response !== undefined) Object.assign(error, { response: { ...response, config } });
  error.name = "AxiosError";
  const toJSON = () => ({ name: error.name, message, code, status: response?.status });
  Object.defineProperty(error, "toJSON", { value: toJSON });
  return error;
};

const isUpstream = ({ name, type, response }: WireError): boolean =>
  response !== undefined || name === "UpstreamError" || type === "script_network_error";

/** The error a function sees for a host error: axios-like for provider answers, otherwise with the host's `code` and `payload`. */
export const fromWire = (wire: WireError, config?: unknown): Error => {
  if (isUpstream(wire)) return upstreamError(wire, config);
  const error = new Error(wire.message);
  error.name = wire.name;
  if (wire.payload !== undefined) Object.assign(error, { payload: wire.payload });
  if (wire.status !== undefined) Object.assign(error, { status: wire.status });
  if (wire.code === undefined) return error;
  hostCodes.set(error, wire.code);
  return Object.assign(error, { code: wire.code });
};

type AxiosLike = { response?: { status?: number; headers?: Record<string, unknown>; data?: unknown }; code?: unknown };

const shownHeaders = (headers: Record<string, unknown> = {}): Record<string, string> => {
  const isShown = (name: string) => /^(content-type|x-rate.*)$/i.test(name);
  const shown = Object.entries(headers).filter(([name]) => isShown(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, String(value)]));
};

const summary = (error: Error): Record<string, unknown> => {
  const { code } = error as { code?: unknown };
  return { name: error.name, message: error.message, ...(code === undefined ? {} : { code: toPlain(code) }) };
};

const httpError = (message: string, { response }: AxiosLike): RunError => {
  const body = toPlain(response?.data) as { payload?: unknown } | null | undefined;
  const inner = typeof body === "object" && body !== null ? body.payload : undefined;
  const headers = shownHeaders(response?.headers);
  return { type: "script_http_error", message, status: response?.status ?? 500, payload: inner ?? body, headers };
};

const mapped = (error: Error): RunError => {
  const { message } = error;
  if (error instanceof ActionError) {
    const payload = toPlain(error.payload);
    const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
    const shown = message === "" ? "The function refused with an ActionError." : message;
    return { type: RUNTIME_ERROR, message: shown, status: 500, payload: isObject ? payload : { message: payload } };
  }
  const hostCode = hostCodes.get(error);
  if (hostCode !== undefined) {
    const payload = toPlain((error as { payload?: unknown }).payload) ?? summary(error);
    return { type: hostCode, message, status: 500, payload };
  }
  if ("isAxiosError" in error && error.isAxiosError === true) {
    if ((error as AxiosLike).response !== undefined) return httpError(message, error as AxiosLike);
    return { type: "script_network_error", message, status: 500, payload: summary(error) };
  }
  return { type: "script_internal_error", message, status: 500, payload: summary(error) };
};

/** What a run that ended with `thrown` reports; the stack still names the bundle, the host maps it to the author's files. */
export const toRunError = (thrown: unknown): RunError => {
  const isError = thrown instanceof Error || (typeof thrown === "object" && thrown !== null && "stack" in thrown);
  const text = () => (typeof thrown === "string" ? thrown : JSON.stringify(toPlain(thrown))) ?? String(thrown);
  const error = isError ? (thrown as Error) : Object.assign(new Error(text()), { stack: "" });
  return { ...mapped(error), ...(error.stack ? { stack: String(error.stack) } : {}) };
};
