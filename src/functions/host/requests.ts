// nango.get, post, … proxy: requests with the connection's credentials, each attempt a line of the log.
import type { ProxyRequest, ProxyResponse, RequestAttempt, SendRequest } from "../../outbound/types.ts";
import type { RunConnection } from "./connection.ts";
import type { RunHost } from "./run-host.ts";

const levelOf = ({ status, retryInMs }: RequestAttempt): "info" | "warn" | "error" => {
  if (status !== null && status < 400) return "info";
  return retryInMs === null ? "error" : "warn";
};

const toLine = (attempt: RequestAttempt) => ({
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

/** `proxy(request)`. Writes held back go first, or beside a GET, which changes nothing at the provider. */
export const createProxy =
  (deps: { host: RunHost; connection: RunConnection; send: SendRequest; signal: AbortSignal }) =>
  async (request: ProxyRequest): Promise<ProxyResponse> => {
    const { host, connection, send, signal } = deps;
    const stored = host.inOrder(() => host.writes.flush());
    if (request.method !== "GET") await stored;
    const answer = send(request, connection.getTarget, { signal, onAttempt: (attempt) => host.say(toLine(attempt)) });
    const [response] = await Promise.all([answer, stored]);
    return response;
  };
