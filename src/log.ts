// The process's own log: pino, one line per fact, stable event names, ids instead of objects.
// Errors pass through a serializer that keeps code and message but strips whatever looks like a credential in a URL.
import { type Logger as PinoLogger, pino } from "pino";
import { withoutUrlCredentials } from "./errors.ts";

export type Logger = PinoLogger;

const serializeError = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { message: withoutUrlCredentials(String(error)) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: withoutUrlCredentials(error.message),
    stack: error.stack === undefined ? undefined : withoutUrlCredentials(error.stack),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
};

/** A logger that writes JSON lines to standard output, or to `destination` where given. */
export const createLogger = (level: string, destination?: { write: (line: string) => void }): Logger =>
  pino(
    { level, base: { pid: process.pid }, serializers: { err: serializeError } },
    destination ?? pino.destination({ dest: 1, sync: false }),
  );
