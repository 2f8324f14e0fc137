// Promise: a forwarded request is repeated like a function's as long as its body is all there, follows redirects under the same
// rules, and the last answer is handed on whatever it is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { createForwarding, type ForwardRequest } from "../../src/outbound/forward.ts";
import { createRateLimits } from "../../src/outbound/rate-limits.ts";
import type { SendDeps } from "../../src/outbound/send.ts";
import { createStreamedBody } from "../../src/outbound/streamed-body.ts";
import type { ProxyTarget, RequestAttempt, SendOptions } from "../../src/outbound/types.ts";
import { fakeClock, json, startServer, target } from "./server.ts";

const MB = 1024 * 1024;

const streamed = (text: string | Buffer) => createStreamedBody(Readable.from([Buffer.from(text)]), undefined);

const createForwarder = (t: TestContext, deps: Partial<SendDeps> = {}) => {
  const { clock, waits } = fakeClock();
  const { forward, close } = createForwarding({ allowPrivateHosts: ["127.0.0.0/8"], clock, ...deps });
  t.after(() => close(0));
  const attempts: RequestAttempt[] = [];
  const ask = async (
    request: Partial<ForwardRequest>,
    to: ProxyTarget | ((refresh: boolean) => ProxyTarget),
    options: SendOptions = {},
  ) => {
    const whole = { method: "GET", path: "", query: "", headers: {}, bodyHeaders: {}, body: null, ...request };
    const getTarget = async ({ refresh }: { refresh: boolean }) => (typeof to === "function" ? to(refresh) : to);
    const onAttempt = (attempt: RequestAttempt) => attempts.push(attempt);
    const answer = await forward(whole, getTarget, { onAttempt, ...options });
    const body = Buffer.concat(await answer.body.toArray());
    return { ...answer, body, text: body.toString() };
  };
  return { ask, waits, attempts };
};

/** A port of which nobody listens. */
const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
};

test("after 5xx, 429, 401 and what the caller names, the request is made again with its body", async (t) => {
  for (const status of [500, 503, 429, 401, 418]) {
    const server = await startServer(t, (_seen, response, count) =>
      count < 3 ? json(response, status, {}) : json(response, 201, {}),
    );
    const { ask, waits, attempts } = createForwarder(t);
    let token = 0;
    const to = () => target(server.url, { credentials: { type: "OAUTH2", access_token: `t${++token}` } });
    const request = { method: "POST", body: streamed("once"), retries: 5, retryOn: [418] };
    assert.equal((await ask(request, to)).status, 201);
    assert.deepEqual(
      server.requests.map(({ body }) => body.toString()),
      ["once", "once", "once"],
    );
    assert.deepEqual(waits, status === 401 ? [] : [3000, 6000]);
    assert.deepEqual(
      attempts.map(({ status: seen }) => seen),
      [status, status, 201],
    );
  }
});

test("other answers, and the last one, are handed on as they are", async (t) => {
  const server = await startServer(t, ({ url }, response, count) => json(response, Number(url.slice(1)), { count }));
  const { ask, waits } = createForwarder(t);
  for (const status of [304, 400, 403, 404, 422])
    assert.equal((await ask({ path: `${status}`, retries: 3 }, target(server.url))).status, status);
  assert.deepEqual([server.requests.length, waits], [5, []]);
  const last = await ask({ path: "502", retries: 1 }, target(server.url));
  assert.deepEqual([last.status, JSON.parse(last.text)], [502, { count: 7 }]);
});

test("the provider's own rules are obeyed: its statuses, its words in the body, nothing left of a quota", async (t) => {
  const server = await startServer(t, (_seen, response, count) => {
    if (count === 1) return json(response, 409, { error: { hint: "retry in 17s" } });
    if (count === 2) return json(response, 404, {}, { "x-left": "0" });
    return json(response, 200, {});
  });
  const { ask, waits } = createForwarder(t);
  const to = target(server.url);
  const in_body = { path: "error.hint", value: "in (\\d+)s", strategy: "after" as const };
  to.provider.proxy = { ...to.provider.proxy, retry: { error_code: ["409"], remaining: "x-left", in_body } };
  assert.equal((await ask({ retries: 2 }, to)).status, 200);
  assert.deepEqual(waits, [17_000, 6000]);
});

test("a body of more than a megabyte is sent again only while nobody took it", async (t) => {
  const large = Buffer.alloc(3 * MB, "x");
  const server = await startServer(t, (_seen, response) => json(response, 503, {}));
  const { ask } = createForwarder(t);
  const gone = await ask({ method: "POST", body: streamed(large), retries: 3 }, target(server.url));
  assert.deepEqual([gone.status, server.requests.length], [503, 1]);
  assert.equal(server.requests[0]?.body.length, large.length);

  const open = await startServer(t, (_seen, response) => json(response, 200, {}));
  const closed = `http://127.0.0.1:${await closedPort()}`;
  let count = 0;
  const to = () => target(++count === 1 ? closed : open.url);
  assert.equal((await ask({ method: "POST", body: streamed(large), retries: 3 }, to)).status, 200);
  assert.equal(open.requests[0]?.body.length, large.length);
});

test("a broken connection is tried again, and then told by its code", async (t) => {
  const server = await startServer(t, (_seen, response, count) =>
    count < 2 ? response.destroy() : json(response, 200, {}),
  );
  const { ask, attempts } = createForwarder(t);
  assert.equal((await ask({ method: "POST", body: streamed("b"), retries: 1 }, target(server.url))).status, 200);
  const closed = target(`http://127.0.0.1:${await closedPort()}`);
  await assert.rejects(ask({ retries: 1 }, closed), { code: "ECONNREFUSED" });
  assert.deepEqual(
    attempts.map(({ error, retryInMs }) => [error, retryInMs]),
    [
      ["ECONNRESET", 3000],
      [null, null],
      ["ECONNREFUSED", 3000],
      ["ECONNREFUSED", null],
    ],
  );
});

test("redirects keep the body where they should, and a body that is gone stops at the redirect", async (t) => {
  const server = await startServer(t, ({ url }, response) =>
    url === "/end"
      ? json(response, 200, {})
      : response.writeHead(Number(url.slice(1)), { location: "/end" }).end("moved"),
  );
  const { ask } = createForwarder(t);
  for (const [status, arrived] of [
    [301, "GET "],
    [302, "GET "],
    [303, "GET "],
    [307, "POST b"],
    [308, "POST b"],
  ] as const) {
    const bodyHeaders = { "content-type": "text/x", "content-length": "1" };
    assert.equal(
      (await ask({ method: "POST", path: `${status}`, body: streamed("b"), bodyHeaders }, target(server.url))).status,
      200,
    );
    const { method, body, headers } = server.requests.at(-1)!;
    assert.equal(`${method} ${body}`, arrived);
    assert.equal(headers["content-type"], method === "GET" ? undefined : "text/x");
  }
  assert.equal((await ask({ method: "HEAD", path: "303" }, target(server.url))).status, 200);
  assert.equal(server.requests.at(-1)?.method, "HEAD");
  const large = await ask({ method: "PUT", path: "307", body: streamed(Buffer.alloc(2 * MB)) }, target(server.url));
  assert.deepEqual([large.status, large.headers.location, large.text], [307, "/end", "moved"]);
});

test("another origin gets no credentials unless the caller says so, and a sixth redirect is one too many", async (t) => {
  const other = await startServer(t, (_seen, response) => json(response, 200, {}));
  const server = await startServer(t, (_seen, response) => response.writeHead(302, { location: other.url }).end());
  const loop = await startServer(t, (_seen, response) => response.writeHead(302, { location: "/" }).end());
  const { ask } = createForwarder(t);
  const to = target(server.url, { credentials: { type: "OAUTH2", access_token: "tok" } });
  const headers = { "x-key": "k" };
  await ask({ headers }, to);
  await ask({ headers, forwardHeadersOnRedirect: true }, to);
  assert.deepEqual(
    other.requests.map(({ headers: { authorization, "x-key": key } }) => [authorization, key]),
    [
      [undefined, undefined],
      ["Bearer tok", "k"],
    ],
  );
  await assert.rejects(ask({}, target(loop.url)), { code: "ERR_TOO_MANY_REDIRECTS" });
  assert.equal(loop.requests.length, 6);
});

test("limits are obeyed for a minute and then told, and a wait of hours is the caller's", async (t) => {
  const server = await startServer(t, ({ url }, response) =>
    json(response, 429, {}, { "retry-after": url === "/short" ? "30" : "7200" }),
  );
  const { clock, waits } = fakeClock();
  const { ask } = createForwarder(t, { clock, limits: createRateLimits({ clock, random: () => 0 }) });
  const bounds = { longestHoldMs: 60_000, longestWaitMs: 600_000 };
  const to = target(server.url, { account: { connection: 1, integration: 1 } });
  assert.equal((await ask({ path: "short" }, to, bounds)).status, 429);
  assert.equal((await ask({ path: "long", retries: 3 }, to, bounds)).status, 429);
  assert.deepEqual(waits, [30_000]);
  await assert.rejects(
    ask({ path: "short" }, to, bounds),
    (error: { response: { status: number; headers: object } }) => {
      assert.deepEqual([error.response.status, error.response.headers], [429, { "retry-after": "7200" }]);
      return true;
    },
  );
  assert.equal(server.requests.length, 2);
});

test("a request that is signed with its body is signed whole, for each hop", async (t) => {
  const server = await startServer(t, ({ url }, response) =>
    url === "/moved" ? response.writeHead(307, { location: "/end?x=1" }).end() : json(response, 200, {}),
  );
  const { ask } = createForwarder(t);
  const credentials = { type: "OAUTH1" as const, oauth_token: "t", oauth_token_secret: "s" };
  const to = target(server.url, { credentials, client: { client_id: "c", client_secret: "cs" } });
  const bodyHeaders = { "content-type": "application/x-www-form-urlencoded", "content-length": "3" };
  assert.equal((await ask({ method: "POST", path: "moved", body: streamed("a=1"), bodyHeaders }, to)).status, 200);
  const [first, second] = server.requests;
  assert.deepEqual([first?.body.toString(), second?.body.toString()], ["a=1", "a=1"]);
  assert.match(second?.headers.authorization ?? "", /^OAuth /);
  assert.notEqual(first?.headers.authorization, second?.headers.authorization);
});

test("closing breaks off what does not end in time, and nothing new is taken", async (t) => {
  const server = await startServer(t, (_seen, response) => void response.writeHead(200).write("some"));
  const { forward, close } = createForwarding({ allowPrivateHosts: ["127.0.0.1"] });
  const request = { method: "GET", path: "", query: "", headers: {}, bodyHeaders: {}, body: null };
  const getTarget = async () => target(server.url);
  const answer = await forward(request, getTarget);
  const reading = answer.body.toArray();
  await Promise.all([close(10), assert.rejects(reading)]);
  await assert.rejects(forward(request, getTarget), { code: "script_aborted" });
});
