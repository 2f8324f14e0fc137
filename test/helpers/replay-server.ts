// Recorded answers of real APIs, served over HTTP to whoever asks for the same: in any order, any number of times.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type Asked, askedBy, type Blur, matches, type RecordedRequest } from "./replay-match.ts";

export type Entry = { response: unknown; status?: number; headers?: Record<string, string>; request?: RecordedRequest };

/** The part of a fixture file that is about the API: entries by lower-case method and path. */
export type Recorded = { [method: string]: { [path: string]: Entry | Entry[] } };

export type ReplayServer = {
  url: string;
  /** Every request, answered or not, such as `GET /users?limit=10`. */
  requests: { line: string; authorization: string | undefined }[];
  /** The first request that nothing recorded fits, once there is one; it got 599. */
  stranger: Promise<string>;
};

// What describes the recorded transfer and not the answer.
const OF_THE_TRANSFER = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

const answerHeaders = ({ headers = {} }: Entry): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_TRANSFER.has(name.toLowerCase())));

const findEntry = (recorded: Recorded[], asked: Asked, blur: Blur): Entry | undefined => {
  const entries = recorded.flatMap((one) => one[asked.method]?.[asked.path] ?? []);
  const found = entries.find(({ request }) => request !== undefined && matches(request, asked, blur));
  if (found !== undefined) return found;
  const [only, ...others] = entries;
  const isForAnything = only?.request === undefined && others.length === 0 && asked.params.length === 0;
  return isForAnything ? only : undefined;
};

type Options = {
  /** Query parameters are compared after this. */
  blur?: Blur;
  /** Whether a request that nothing recorded fits is no stranger all the same; it gets 599 too. */
  isExpected?: (asked: { method: string; url: string; body: Buffer }) => boolean;
};

/** Serve these recordings together on a free port of 127.0.0.1 until the test ends. */
export const replayServer = async (
  t: TestContext,
  recorded: Recorded[],
  { blur = (text) => text, isExpected = () => false }: Options = {},
): Promise<ReplayServer> => {
  const requests: ReplayServer["requests"] = [];
  const stranger = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const { method = "", url = "" } = request;
    const line = `${method} ${url}`;
    requests.push({ line, authorization: request.headers.authorization });
    const entry = findEntry(recorded, askedBy(request, body), blur);
    if (entry === undefined) {
      const asked = body.length === 0 ? line : `${line} with ${body}`;
      if (!isExpected({ method, url, body })) stranger.resolve(asked);
      response.writeHead(599, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: `Nothing recorded fits ${asked}` }));
      return;
    }
    response.writeHead(entry.status ?? 200, { "content-type": "application/json", ...answerHeaders(entry) });
    response.end(typeof entry.response === "string" ? entry.response : JSON.stringify(entry.response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, stranger: stranger.promise };
};
