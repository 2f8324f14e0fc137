// A local HTTP server that keeps what it was asked, a clock that nobody waits for, and a sender wired to both.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type SendDeps, sendRequest } from "../../src/outbound/send.ts";
import type { Clock, ProxyRequest, ProxyTarget, RequestAttempt, SendOptions } from "../../src/outbound/types.ts";

export type Seen = { method: string; url: string; headers: IncomingMessage["headers"]; body: Buffer };
export type Handler = (seen: Seen, response: ServerResponse, count: number) => void;

const readBody = async (request: IncomingMessage): Promise<Buffer> => Buffer.concat(await request.toArray());

/** Answers every request with `handle`; `count` is 1 for the first. Closed when the test ends. */
export const startServer = async (t: TestContext, handle: Handler) => {
  const requests: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const seen = { method, url, headers, body: await readBody(request) };
    requests.push(seen);
    handle(seen, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, requests };
};

export const json = (response: ServerResponse, status: number, data: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(data));
};

/** A clock at `now` that moves only when somebody sleeps; `waits` are the sleeps in milliseconds. */
export const fakeClock = (now = Date.parse("2026-03-01T12:00:00Z")) => {
  const waits: number[] = [];
  let current = now;
  const clock: Clock = {
    now: () => current,
    sleep: async (ms) => {
      waits.push(ms);
      current += ms;
    },
  };
  return { clock, waits, start: now };
};

export const target = (baseUrl: string, over: Partial<ProxyTarget> = {}): ProxyTarget => ({
  provider: { display_name: "Test", auth_mode: "NONE", proxy: { base_url: baseUrl } },
  credentials: { type: "NONE" },
  connectionConfig: {},
  metadata: {},
  ...over,
});

/** Sends with loopback allowed and a fake clock; keeps the attempts. */
export const createSender = (deps: Partial<SendDeps> = {}) => {
  const { clock, waits, start } = fakeClock();
  const send = sendRequest({ allowPrivateHosts: ["127.0.0.0/8"], clock, ...deps });
  const attempts: RequestAttempt[] = [];
  return {
    waits,
    start,
    attempts,
    send: (request: Partial<ProxyRequest>, to: ProxyTarget | (() => ProxyTarget), options: SendOptions = {}) =>
      send({ method: "GET", endpoint: "/", ...request }, async () => (typeof to === "function" ? to() : to), {
        onAttempt: (attempt) => attempts.push(attempt),
        ...options,
      }),
    sendRaw: send,
  };
};
