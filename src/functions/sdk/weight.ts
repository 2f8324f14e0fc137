// How much a call, a result or an error carries: what crosses to the host stands in its memory, outside the isolate's cap.
import type { RunError } from "../protocol.ts";

/** What one message, and all calls under way, may carry. */
export const MOST_BYTES = 64 * 1024 * 1024;

const MOST_MESSAGE_CHARS = 10_000;
const MOST_STACK_CHARS = 20_000;
const MOST_PAYLOAD_CHARS = 256 * 1024;
const SHOWN_CHARS = 10_000;
const PER_VALUE = 8;

const isView = (value: object): value is ArrayBufferView => ArrayBuffer.isView(value);

/** About the bytes of a value made of plain parts; stops counting above `MOST_BYTES`. */
export const weigh = (value: unknown): number => {
  let sum = 0;
  const visit = (part: unknown): void => {
    sum += typeof part === "string" ? PER_VALUE + part.length : PER_VALUE;
    if (typeof part !== "object" || part === null || sum > MOST_BYTES) return;
    if (isView(part) || part instanceof ArrayBuffer) sum += part.byteLength;
    else if (Array.isArray(part)) for (let at = 0; at < part.length && sum <= MOST_BYTES; at++) visit(part[at]);
    else for (const key of Object.keys(part)) visit((part as Record<string, unknown>)[key]);
  };
  visit(value);
  return sum;
};

/** A copy that later changes to the original do not reach. */
export const copyPlain = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyPlain);
  if (isView(value)) return (value as Uint8Array).slice();
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyPlain(one)]));
};

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)} ...`);

/** An error stands in the database, in logs and in webhooks: what is of no use to a reader is cut off. */
export const cutError = (error: RunError): RunError => {
  const { message, stack, payload } = error;
  const text = payload === undefined ? "" : (JSON.stringify(payload) ?? "");
  return {
    ...error,
    message: cut(String(message), MOST_MESSAGE_CHARS),
    ...(stack === undefined ? {} : { stack: cut(stack, MOST_STACK_CHARS) }),
    ...(text.length <= MOST_PAYLOAD_CHARS ? {} : { payload: { truncated: text.slice(0, SHOWN_CHARS) } }),
  };
};
