// One attempt at a request as a line of the log.
import type { RequestAttempt } from "./types.ts";

const levelOf = ({ status, retryInMs }: RequestAttempt): "info" | "warn" | "error" => {
  if (status !== null && status < 400) return "info";
  return retryInMs === null ? "error" : "warn";
};

/** The line; nothing of the request but what `RequestAttempt` holds. */
export const attemptLine = (attempt: RequestAttempt) => ({
  kind: "request" as const,
  level: levelOf(attempt),
  message: `${attempt.method} ${attempt.url} ${attempt.status ?? attempt.error}`,
  detail: {
    method: attempt.method,
    url: attempt.url,
    status: attempt.status,
    ms: attempt.ms,
    attempt: attempt.attempt,
    retry_in_ms: attempt.retryInMs,
    ...(attempt.error === null ? {} : { error: attempt.error }),
  },
});
