// A running API with a connection to a provider that a test writes by paths, and a caller that sees every byte of the answer.
import { once } from "node:events";
import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { DEV_KEY, of, type TestApi, testApi } from "./api.ts";

export type Seen = { method: string; url: string; headers: IncomingMessage["headers"]; body: Buffer };
type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => unknown;

/** A server on a loopback address; `on` says what a path answers, anything else tells what was asked. */
export const startUpstream = async (t: TestContext, address = "127.0.0.1") => {
  const handlers = new Map<string, Handler>();
  const seen: Seen[] = [];
  const counts = new Map<string, number>();
  const tell = async (req: IncomingMessage, res: ServerResponse) => {
    const body = Buffer.concat(await req.toArray());
    const { method = "", url = "", headers } = req;
    seen.push({ method, url, headers, body });
    const told = { method, url, headers, body: body.toString() };
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(told));
  };
  const server = createServer((req, res) => {
    const [path = ""] = req.url!.split("?");
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    void (handlers.get(path) ?? tell)(req, res, count);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    seen,
    count: (path: string): number => counts.get(path) ?? 0,
    on: (path: string, handler: Handler): void => void handlers.set(path, handler),
  };
};

export type Upstream = Awaited<ReturnType<typeof startUpstream>>;

export type Got = { status: number; headers: IncomingMessage["headers"]; body: Buffer; text: string };

type Options = { headers?: Record<string, string>; body?: string | Uint8Array; key?: string };

/** Ends a request and reads its answer whole; rejects when the answer breaks off. */
export const read = async (asked: ClientRequest): Promise<Got> => {
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const body = Buffer.concat(await answer.toArray());
  return { status: answer.statusCode!, headers: answer.headers, body, text: body.toString() };
};

/** The API, integration `crm` with connection `one` to an upstream server. */
export const proxyWorld = async (t: TestContext, o: Parameters<typeof testApi>[1] = {}) => {
  const api: TestApi = await testApi(t, o);
  const upstream = await startUpstream(t);
  await api.integrate("crm");
  await api.connect("crm", "one", { connection_config: { baseUrl: upstream.url } });

  /** A request whose body is still to be written; path and headers go out as given. */
  const open = (method: string, path: string, { headers = {}, key = DEV_KEY }: Options = {}): ClientRequest =>
    request(api.url, {
      method,
      path: `/proxy${path}`,
      headers: { authorization: `Bearer ${key}`, ...of("crm", "one"), ...headers },
      agent: false,
    });
  const ask = async (method: string, path: string, options: Options = {}): Promise<Got> => {
    const length = Buffer.byteLength(options.body ?? "");
    const framing: Record<string, string> = length === 0 ? {} : { "content-length": String(length) };
    const asked = open(method, path, { ...options, headers: { ...framing, ...options.headers } });
    const answer = read(asked);
    asked.end(options.body);
    return await answer;
  };
  const lines = async () => {
    await api.runs.logs.flush();
    return await api.db.query("select * from syncline.logs where kind = 'request' order by id");
  };
  return { api, upstream, open, ask, lines };
};
