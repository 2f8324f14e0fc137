// nango.get, post, … proxy: requests with the connection's credentials, each attempt a line of the log.
import { attemptLine } from "../../outbound/attempt-line.ts";
import type { Held, ProxyRequest, ProxyResponse, RequestAttempt, SendRequest } from "../../outbound/types.ts";
import type { RunConnection } from "./connection.ts";
import type { RunHost } from "./run-host.ts";

const SAME_HOLD_MS = 1_000;
// A sync waits for a limit as long as it takes; of an action or an event somebody waits for the answer.
const LONGEST_HOLD_MS = 60_000;

const sayHeldOnce = (host: RunHost) => {
  const said = new Map<string, number>();
  return ({ host: at, until }: Held): void => {
    if (until <= (said.get(at) ?? 0) + SAME_HOLD_MS) return;
    said.set(at, until);
    const time = new Date(until).toISOString();
    const message = `the limit of ${at} is reached: waiting until ${time}`;
    host.say({ kind: "request", level: "warn", message, detail: { host: at, until: time } });
  };
};

/** `proxy(request)`. Writes held back go first, or beside a GET, which changes nothing at the provider. */
export const createProxy = (deps: {
  host: RunHost;
  connection: RunConnection;
  send: SendRequest;
  signal: AbortSignal;
}) => {
  const { host, connection, send, signal } = deps;
  const options = {
    signal,
    onAttempt: (attempt: RequestAttempt) => host.say(attemptLine(attempt)),
    onHeld: sayHeldOnce(host),
    longestHoldMs: ["sync", "webhook"].includes(host.lease.kind) ? undefined : LONGEST_HOLD_MS,
  };
  return async (request: ProxyRequest): Promise<ProxyResponse> => {
    const stored = host.inOrder(() => host.writes.flush());
    if (request.method !== "GET") await stored;
    const [response] = await Promise.all([send(request, connection.getTarget, options), stored]);
    return response;
  };
};
