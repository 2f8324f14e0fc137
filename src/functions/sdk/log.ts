// nango.log: message, optional data, and a level that may come as the last argument.
import type { LogLevel, RunContext } from "../protocol.ts";
import type { Call } from "./calls.ts";
import { toPlain } from "./plain.ts";

const MAX_MESSAGE_CHARS = 10_000;
const MAX_META_CHARS = 99_000;
const RANK = { debug: 0, info: 1, warn: 2, error: 3, off: 4 } as const;
const ALIASES: Record<string, LogLevel> = {
  debug: "debug",
  verbose: "debug",
  silly: "debug",
  info: "info",
  http: "info",
  warn: "warn",
  error: "error",
};

const levelOf = (value: unknown): LogLevel | undefined => {
  if (typeof value !== "object" || value === null || !("level" in value)) return undefined;
  return ALIASES[String(value.level)] ?? "info";
};

const asText = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  return JSON.stringify(toPlain(value)) ?? String(value);
};

const asMeta = (value: unknown): unknown => {
  if (value instanceof Error) return { name: value.name, message: value.message };
  const plain = toPlain(value);
  const text = JSON.stringify(plain) ?? "";
  return text.length <= MAX_META_CHARS ? plain : { truncated: text.slice(0, MAX_META_CHARS) };
};

/** Resolves once the host has the message; a message that cannot be written or delivered is dropped, never an error of the run. */
export const createLog = ({ call, logLevel }: { call: Call; logLevel: RunContext["logLevel"] }) => {
  return async (...args: unknown[]): Promise<void> => {
    const given = levelOf(args.at(-1));
    const level = given ?? "info";
    if (RANK[level] < RANK[logLevel]) return;
    const [message, meta] = given === undefined ? args : args.slice(0, -1);
    try {
      const text = asText(message).slice(0, MAX_MESSAGE_CHARS);
      await call("log", [{ level, message: text, meta: meta === undefined ? undefined : asMeta(meta) }]);
    } catch {
      return;
    }
  };
};
