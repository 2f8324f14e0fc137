// uncontrolledFetch against real servers: redirects, what goes along, and what is refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { testEngine } from "../helpers/engine.ts";

const serve = async (t: TestContext, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const FETCHING = (body: string): string => `
import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", autoStart: true, models: { Answer: z.looseObject({ id: z.string() }) },
  exec: async (nango) => {
    const got = [];
    const go = async (url, more = {}) => {
      try { const r = await nango.uncontrolledFetch({ url: new URL(url), ...more }); got.push({ status: r.status, url: r.url, redirected: r.redirected, text: await r.text() }); }
      catch (error) { got.push({ isOwn: error instanceof nango.ActionError, code: error.payload?.code ?? error.code }); }
    };
    ${body}
    await nango.batchSave([{ id: "1", got }], "Answer");
  },
});
`;

const answersOf = async (t: TestContext, body: string): Promise<unknown> => {
  const engine = await testEngine(t);
  await engine.deploy({ "acme/syncs/fetching.ts": FETCHING(body) });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  return (await engine.records(connection, "Answer"))[0]?.got;
};

test("redirects are followed by hand, each one looked at; headers do not follow to another origin", async (t) => {
  const seen: { url: string | undefined; own: unknown; agent: unknown }[] = [];
  const other = await serve(t, ({ url, headers }, response) => {
    seen.push({ url, own: headers["x-own"], agent: headers["user-agent"] });
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("äöü"));
  });
  const places: Record<string, string> = {
    "/other": `${other}/end`,
    "/private": "http://10.0.0.1/",
    "/file": "file:///etc/passwd",
    "/nowhere": "http://[",
    "/forever": "/forever",
  };
  const server = await serve(t, ({ url, headers }, response) => {
    seen.push({ url, own: headers["x-own"], agent: headers["user-agent"] });
    const location = places[url ?? ""];
    if (location === undefined) response.end("here");
    else response.writeHead(302, { location }).end();
  });
  const body = `for (const path of ["/other", "/private", "/file", "/nowhere"]) await go("${server}" + path, { headers: { "X-Own": "k", "user-agent": "me", host: "x" } });
    await go("${server}/forever");
    await go("${server}/%C3%A4", { method: "delete" });
    await go("http://127.0.0.1:1/");`;
  const refused = (code: string) => ({ isOwn: true, code });
  assert.deepEqual(await answersOf(t, body), [
    { status: 200, url: `${other}/end`, redirected: true, text: "äöü" },
    refused("url_not_allowed"),
    refused("url_not_allowed"),
    refused("invalid_redirect"),
    refused("too_many_redirects"),
    { status: 200, url: `${server}/%C3%A4`, redirected: false, text: "here" },
    { isOwn: false, code: "ECONNREFUSED" },
  ]);
  assert.deepEqual(
    seen.slice(0, 2).map(({ own }) => own),
    ["k", undefined],
  );
  assert.equal(seen.filter(({ url }) => url === "/forever").length, 6);
  for (const { agent } of seen) assert.match(String(agent), /^syncline\//);
});
