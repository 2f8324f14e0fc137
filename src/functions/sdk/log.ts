// nango.log: message, optional data, and a level that may come as the last argument.
import type { LogLevel } from "../protocol.ts";
import type { Call } from "./calls.ts";
import { toPlain } from "./plain.ts";
import type { SdkLogger } from "./types.ts";

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

export type Log = (...args: unknown[]) => Promise<void>;

/**
 * Resolves once the host has the message; a message that cannot be written or delivered is dropped, never an error of the
 * run. What is below `logger.level` at the time of the call stays here.
 */
export const createLog = ({ call, logger }: { call: Call; logger: SdkLogger }): Log => {
  return async (...args) => {
    const given = levelOf(args.at(-1));
    const level = given ?? "info";
    if (RANK[level] < RANK[logger.level]) return;
    const [message, meta] = given === undefined ? args : args.slice(0, -1);
    try {
      const text = asText(message).slice(0, MAX_MESSAGE_CHARS);
      await call("log", [{ level, message: text, meta: meta === undefined ? undefined : asMeta(meta) }]);
    } catch {
      return;
    }
  };
};

/** `setLogger`: changes the level, but what is off stays off. */
export const createSetLogger =
  (logger: SdkLogger) =>
  ({ level }: SdkLogger): void => {
    if (!Object.hasOwn(RANK, level)) {
      throw new TypeError(`setLogger: the level must be one of ${Object.keys(RANK).join(", ")}.`);
    }
    if (logger.level !== "off") logger.level = level;
  };
