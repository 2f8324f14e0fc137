// Promise: a request is repeated as often as asked, waits as told, renews refused credentials once, and ends at once when aborted.
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { sendRequest } from "../../src/outbound/send.ts";
import { UpstreamError } from "../../src/outbound/types.ts";
import type { Credentials } from "../../src/providers/credentials.ts";
import { createSender, json, startServer, target } from "./server.ts";

test("a failing provider is asked retries + 1 times and its last answer is the error", async (t) => {
  const server = await startServer(t, (_seen, response, count) => json(response, 503, { count }));
  const { send, waits, attempts } = createSender();
  const error = await send({ retries: 2 }, target(server.url)).catch((thrown) => thrown);
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.message, "Request failed with status code 503");
  assert.equal(error.code, "script_http_error");
  assert.equal(error.response?.status, 503);
  assert.equal(error.response?.statusText, "Service Unavailable");
  assert.deepEqual(error.response?.data, { count: 3 });
  assert.deepEqual(waits, [3000, 6000]);
  assert.deepEqual(
    attempts.map(({ attempt, status, retryInMs }) => [attempt, status, retryInMs]),
    [
      [1, 503, 3000],
      [2, 503, 6000],
      [3, 503, null],
    ],
  );
});

test("without retries one attempt is made, and a 404 is never repeated", async (t) => {
  const server = await startServer(t, (seen, response) => json(response, seen.url === "/gone" ? 404 : 500, {}));
  const { send, waits } = createSender();
  await assert.rejects(send({}, target(server.url)), { code: "script_http_error" });
  await assert.rejects(send({ endpoint: "/gone", retries: 5 }, target(server.url)), { code: "script_http_error" });
  assert.equal(server.requests.length, 2);
  assert.deepEqual(waits, []);
});

test("a POST is repeated with its body when the provider recovers", async (t) => {
  const server = await startServer(t, (_seen, response, count) =>
    count === 1 ? json(response, 429, {}, { "retry-after": "7" }) : json(response, 201, { ok: true }),
  );
  const { send, waits } = createSender();
  const answer = await send({ method: "POST", endpoint: "/x", data: { a: 1 }, retries: 3 }, target(server.url));
  assert.equal(answer.status, 201);
  assert.deepEqual(waits, [7000]);
  assert.deepEqual(
    server.requests.map(({ body }) => body.toString()),
    ['{"a":1}', '{"a":1}'],
  );
});

const bearer = (token: string): Credentials => ({ type: "OAUTH2", access_token: token });

test("after a 401 the credentials are renewed and the request goes on at once with the new ones", async (t) => {
  const server = await startServer(t, ({ headers }, response) =>
    json(response, headers.authorization === "Bearer new" ? 200 : 401, { ok: true }),
  );
  const asked: boolean[] = [];
  const { sendRaw, waits } = createSender();
  const getTarget = async ({ refresh }: { refresh: boolean }) => {
    asked.push(refresh);
    return target(server.url, { credentials: bearer(refresh ? "new" : "old") });
  };
  const answer = await sendRaw({ method: "GET", endpoint: "/", retries: 1 }, getTarget);
  assert.equal(answer.status, 200);
  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(waits, []);
});

test("a second 401 with unchanged credentials ends it, however many retries are left", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 401, { error: "bad token" }));
  const { send } = createSender();
  const error = await send({ retries: 10 }, target(server.url, { credentials: bearer("same") })).catch((e) => e);
  assert.equal(error.response.status, 401);
  assert.equal(server.requests.length, 2);
  await assert.rejects(send({ retries: 0 }, target(server.url, { credentials: bearer("same") })));
  assert.equal(server.requests.length, 3);
});

test("when renewing fails, its error is the caller's and the attempt is still told", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 401, {}));
  const { sendRaw } = createSender();
  const attempts: unknown[] = [];
  const getTarget = async ({ refresh }: { refresh: boolean }) => {
    if (refresh) throw new AppError("invalid_credentials");
    return target(server.url, { credentials: bearer("old") });
  };
  const sent = sendRaw({ method: "GET", endpoint: "/", retries: 1 }, getTarget, {
    onAttempt: ({ status, retryInMs }) => attempts.push([status, retryInMs]),
  });
  await assert.rejects(sent, { code: "invalid_credentials" });
  assert.deepEqual(attempts, [[401, null]]);
});

test("a provider that cannot be reached is tried again and reported with its network code", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const { send, waits, attempts } = createSender();
  const error = await send({ retries: 1 }, target(`http://127.0.0.1:${port}`)).catch((thrown) => thrown);
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.code, "ECONNREFUSED");
  assert.equal(error.type, "script_network_error");
  assert.equal(error.response, undefined);
  assert.deepEqual(waits, [3000]);
  assert.deepEqual(
    attempts.map(({ status, error: code }) => [status, code]),
    [
      [null, "ECONNREFUSED"],
      [null, "ECONNREFUSED"],
    ],
  );
});

test("an answer that breaks off is a network error and is fetched again", async (t) => {
  const half = '{"rows":[1,2';
  const server = await startServer(t, ({ url }, response, count) => {
    if (count === 2) return json(response, 200, { rows: [1, 2, 3] });
    if (url === "/length") response.writeHead(200, { "content-length": "1000" });
    if (url === "/close") response.writeHead(200, { "content-type": "application/json", connection: "close" });
    if (url === "/close") response.useChunkedEncodingByDefault = false;
    response.write(half, () => (url === "/close" ? response.socket?.end() : response.socket?.destroy()));
  });
  for (const endpoint of ["/length", "/chunked", "/close"]) {
    server.requests.length = 0;
    const { send, attempts } = createSender();
    const answer = await send({ endpoint, retries: 1 }, target(server.url));
    assert.deepEqual(answer.data, { rows: [1, 2, 3] }, endpoint);
    assert.equal(attempts[0]?.error, "ECONNRESET", endpoint);
  }
});

test("aborting during a wait ends it at once, without another request", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 500, {}));
  const abort = new AbortController();
  const send = sendRequest({
    allowPrivateHosts: ["127.0.0.1"],
  });
  const sent = send({ method: "GET", endpoint: "/", retries: 5 }, async () => target(server.url), {
    signal: abort.signal,
    onAttempt: () => setImmediate(() => abort.abort(new AppError("execution_timeout"))),
  });
  await assert.rejects(sent, { code: "execution_timeout" });
  assert.equal(server.requests.length, 1);
});

test("aborting while the provider is silent ends the request at once, and the connection with it", async (t) => {
  const abort = new AbortController();
  let closed: Promise<void> | undefined;
  const server = await startServer(t, (_seen, response) => {
    closed = new Promise((resolve) => response.on("close", resolve));
    abort.abort();
  });
  const { send, attempts } = createSender();
  await assert.rejects(send({ retries: 5 }, target(server.url), { signal: abort.signal }), { code: "script_aborted" });
  await closed;
  assert.equal(attempts.length, 1);
  await assert.rejects(send({}, target(server.url), { signal: abort.signal }), { code: "script_aborted" });
  assert.equal(server.requests.length, 1);
});

test("an answer over the size limit is refused and not fetched again", async (t) => {
  const server = await startServer(t, (_seen, response) => response.end("x".repeat(2000)));
  const { send } = createSender({ maxBodyBytes: 1000 });
  await assert.rejects(send({ retries: 3 }, target(server.url)), { code: "ERR_RESPONSE_TOO_LARGE" });
  assert.equal(server.requests.length, 1);
});
