// Promise: a request obeys the limits that its process knows, however it came to wait, and can be aborted meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { createRateLimits } from "../../src/outbound/rate-limits.ts";
import { sendRequest } from "../../src/outbound/send.ts";
import { createSender, fakeClock, json, startServer, target } from "./server.ts";

const account = { connection: 1, integration: 1 };

const limitedSender = () => {
  const { clock, waits } = fakeClock();
  const limits = createRateLimits({ clock, random: () => 0 });
  return { ...createSender({ clock, limits }), waits };
};

test("a request that was refused waits once, together with all others, and those need no retries of their own", async (t) => {
  const server = await startServer(t, (_seen, response, count) =>
    count === 1 ? json(response, 429, {}, { "retry-after": "7" }) : json(response, 200, {}),
  );
  const { send, waits, attempts } = limitedSender();
  const to = target(server.url, { account });
  await assert.rejects(send({}, to), { code: "script_http_error" });
  await send({}, to);
  assert.deepEqual(waits, [7000]);
  assert.equal(attempts.at(-1)?.ms, 0, "the wait is no part of the attempt");
});

test("a refusal without advice waits longer each time for itself, and holds the account for 3 seconds", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 429, {}));
  const { send, waits, attempts } = limitedSender();
  await assert.rejects(send({ retries: 3 }, target(server.url, { account })));
  assert.deepEqual(waits, [3000, 6000, 12_000]);
  assert.deepEqual(
    attempts.map(({ retryInMs }) => retryInMs),
    [3000, 6000, 12_000, null],
  );
});

test("after a wait the connection is asked for anew: its token may have ended", async (t) => {
  const server = await startServer(t, ({ headers }, response, count) =>
    count === 1 ? json(response, 429, {}, { "retry-after": "3600" }) : json(response, 200, headers.authorization),
  );
  const { sendRaw } = limitedSender();
  let token = 0;
  const getTarget = async () =>
    target(server.url, { account, credentials: { type: "OAUTH2", access_token: `t${++token}` } });
  await assert.rejects(sendRaw({ method: "GET", endpoint: "/" }, getTarget));
  assert.equal((await sendRaw({ method: "GET", endpoint: "/" }, getTarget)).data, "Bearer t3");
});

test("aborting ends the wait for a limit at once, with the reason, and nothing is sent", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 429, {}, { "retry-after": "3600" }));
  const limits = createRateLimits();
  const send = sendRequest({ allowPrivateHosts: ["127.0.0.1"], limits });
  const request = { method: "GET", endpoint: "/" } as const;
  const getTarget = async () => target(server.url, { account });
  await assert.rejects(send(request, getTarget), { code: "script_http_error" });
  const abort = new AbortController();
  const onHeld = () => setImmediate(() => abort.abort(new AppError("execution_timeout")));
  await assert.rejects(send(request, getTarget, { signal: abort.signal, onHeld }), { code: "execution_timeout" });
  assert.equal(server.requests.length, 1);
});

test("who will not wait so long gets a 429 at once: the provider's own, and later one of ours that was never sent", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 429, {}, { "retry-after": "61" }));
  const { send, waits, attempts } = limitedSender();
  const to = target(server.url, { account });
  const asked = () => send({ retries: 3 }, to, { longestHoldMs: 60_000 }).catch((error) => error.response);
  assert.equal((await asked()).statusText, "Too Many Requests");
  const own = await asked();
  assert.deepEqual([own.status, own.headers["retry-after"]], [429, "61"]);
  assert.match(own.data.message, /^The limit of 127.0.0.1:\d+ is reached until 2026-03-01T12:01:01.000Z/);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(waits, []);
  assert.deepEqual(
    attempts.map(({ retryInMs }) => retryInMs),
    [null],
  );
});
