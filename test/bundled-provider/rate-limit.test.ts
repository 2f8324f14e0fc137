// Rate limits: so many requests in a window, told in headers, then 429 with the seconds to wait.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startAcme } from "./acme.ts";

const told = (response: Response) =>
  ["limit", "remaining", "reset"].map((name) => Number(response.headers.get(`x-ratelimit-${name}`)));

test("the request above the limit is refused with Retry-After, and after that time it passes", async (t) => {
  const acme = await startAcme(t, { rateLimit: { requests: 2, windowMs: 10_000 } });
  const resetAt = acme.clock.now() / 1000 + 10;
  assert.deepEqual(told(await acme.ask("/v1/contacts")), [2, 1, resetAt]);
  acme.clock.forward(3500);
  assert.deepEqual(told(await acme.ask("/v1/contacts")), [2, 0, resetAt]);
  const refused = await acme.ask("/v1/contacts");
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "7");
  assert.deepEqual(told(refused), [2, 0, resetAt]);
  assert.equal(acme.stats.rateLimited, 1);
  assert.equal(acme.stats.pages.length, 2);
  acme.clock.forward(7000);
  assert.deepEqual(told(await acme.ask("/v1/contacts")), [2, 1, Math.ceil(acme.clock.now() / 1000 + 10)]);
});

test("each key has its own window", async (t) => {
  const acme = await startAcme(t, { apiKeys: ["one", "two"], rateLimit: { requests: 1, windowMs: 1000 } });
  const status = async (key: string) => (await acme.ask("/v1/contacts", { headers: { "x-api-key": key } })).status;
  assert.deepEqual([await status("one"), await status("two"), await status("one")], [200, 200, 429]);
});

test("the limit can be set and lifted while the provider runs", async (t) => {
  const acme = await startAcme(t);
  assert.equal((await acme.ask("/v1/contacts")).headers.get("x-ratelimit-limit"), null);
  await acme.admin("POST", "rate-limit", { requests: 1, window_ms: 5000 });
  assert.equal((await acme.ask("/v1/contacts")).status, 200);
  assert.equal((await acme.ask("/v1/contacts")).status, 429);
  await acme.admin("DELETE", "rate-limit");
  assert.equal((await acme.ask("/v1/contacts")).status, 200);
});
