// Promise: a request that the provider would refuse waits instead of being sent, with all others of its account and with no
// others; those who waited go on without overdrawing the next window.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createRateLimit } from "../../src/bundled-provider/rate-limit.ts";
import type { Answer } from "../../src/outbound/rate-limit-headers.ts";
import { createRateLimits, type Heard, type Learned, type SharedLimits } from "../../src/outbound/rate-limits.ts";
import type { Held, ProxyTarget } from "../../src/outbound/types.ts";
import type { ProviderRetry } from "../../src/providers/schema.ts";
import { manualClock } from "./manual-clock.ts";

const URL_HERE = new URL("https://api.acme.example/v1/contacts");
const to = (connection: number, retry?: ProviderRetry): ProxyTarget => ({
  provider: { display_name: "Acme", auth_mode: "NONE", proxy: { ...(retry && { retry }) } },
  credentials: { type: "NONE" },
  connectionConfig: {},
  metadata: {},
  account: { connection, integration: 7 },
});
const answer = (status: number, headers: Record<string, string> = {}): Answer => ({ status, headers, data: "" });
const refused = (seconds: number) => answer(429, { "retry-after": String(seconds) });
const left = (remaining: number, seconds: number) =>
  answer(200, {
    "x-ratelimit-limit": "5",
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(seconds),
  });

const world = (o: { random?: () => number; shared?: SharedLimits } = {}) => {
  const { clock, forward, start, sleeping } = manualClock();
  const limits = createRateLimits({ clock, random: () => 0, ...o });
  const ask = async (target: ProxyTarget, said: Answer | undefined, url = URL_HERE) =>
    (await limits.enter(target, url))(said);
  /** Says whether a request would go now, and takes it back. */
  const goes = async (target: ProxyTarget, url = URL_HERE): Promise<boolean> => {
    const abort = new AbortController();
    const entered = limits.enter(target, url, { signal: abort.signal }).then(
      (settle) => settle(undefined) >= 0,
      () => false,
    );
    await turn();
    abort.abort(new Error("taken back"));
    return entered;
  };
  return { limits, ask, goes, forward, start, clock, sleeping };
};

test("a refusal holds the account's requests until the time it named, at that host and for nobody else", async () => {
  const { ask, goes, forward } = world();
  assert.equal(await ask(to(1), refused(30)), 30_000);
  assert.equal(await goes(to(1)), false);
  assert.equal(await goes(to(1), new URL("https://uploads.acme.example/v1")), true);
  assert.equal(await goes(to(2)), true);
  await forward(29_999);
  assert.equal(await goes(to(1)), false);
  await forward(1);
  assert.equal(await goes(to(1)), true);
});

test("an answer that leaves nothing holds the account until the reset, though it was a success", async () => {
  const { ask, goes, forward } = world();
  assert.equal(await ask(to(1), left(1, 60)), 0);
  assert.equal(await goes(to(1)), true);
  assert.equal(await ask(to(1), left(0, 60)), 60_000);
  assert.equal(await goes(to(1)), false);
  await forward(60_000);
  assert.equal(await goes(to(1)), true);
});

test("a later refusal never shortens a block, and a refusal that names no time holds for 3 seconds", async () => {
  const { limits, ask, goes, forward } = world();
  const [first, second] = [await limits.enter(to(1), URL_HERE), await limits.enter(to(1), URL_HERE)];
  first(refused(30));
  second(refused(5));
  await forward(29_000);
  assert.equal(await goes(to(1)), false);
  await forward(1_000);
  assert.equal(await ask(to(1), answer(429)), 3_000);
});

test("all connections of an integration wait together where the provider's entry says so", async () => {
  const { ask, goes } = world();
  const retry = { limit_scope: "integration" } as const;
  await ask(to(1, retry), refused(30));
  assert.equal(await goes(to(2, retry)), false);
});

test("a part that the provider limits for itself does not hold the rest", async () => {
  const { ask, goes } = world();
  const at = (path: string) => new URL(path, URL_HERE);
  const github = { limit_paths: ["/search/code", "/search"] };
  await ask(to(1, github), refused(30), at("/search/issues"));
  const gone = await Promise.all(
    ["/search/users", "/search/code", "/repos"].map((path) => goes(to(1, github), at(path))),
  );
  assert.deepEqual(gone, [false, true, true]);
  const slack = { limit_paths: "each" } as const;
  await ask(to(2, slack), refused(30), at("/api/users.list"));
  assert.equal(await goes(to(2, slack), at("/api/users.list?cursor=2")), false);
  assert.equal(await goes(to(2, slack), at("/api/chat.postMessage")), true);
});

test("a target without an account is never held", async () => {
  const { ask, goes } = world();
  const { account: _account, ...nobody } = to(1);
  assert.equal(await ask(nobody, refused(30)), 0);
  assert.equal(await goes(nobody), true);
});

test("who waits hears until when, and an abort ends the wait at once", async () => {
  const { limits, ask, start } = world();
  await ask(to(1), refused(30));
  const held: Held[] = [];
  const abort = new AbortController();
  const entered = limits.enter(to(1), URL_HERE, { signal: abort.signal, onHeld: (one) => held.push(one) });
  await turn();
  abort.abort(new Error("enough"));
  await assert.rejects(entered, { message: "enough" });
  assert.deepEqual(held, [{ host: "api.acme.example", until: start + 30_000 }]);
});

test("a hundred that waited for the same reset go on spread over a tenth of their wait, at most 10 seconds", async () => {
  for (const [seconds, spreadMs] of [
    [60, 6_000],
    [3600, 10_000],
  ] as const) {
    let drawn = 0;
    const { limits, ask, forward, clock } = world({ random: () => drawn++ / 100 });
    await ask(to(1), refused(seconds));
    const wentAt: number[] = [];
    const all = Array.from({ length: 100 }, () => limits.enter(to(1), URL_HERE).then(() => wentAt.push(clock.now())));
    const from = clock.now() + seconds * 1000;
    await forward(seconds * 1000 + spreadMs);
    await Promise.all(all);
    assert.deepEqual(
      wentAt.map((at) => at - from),
      Array.from({ length: 100 }, (_, index) => Math.round((index / 100) * spreadMs)),
    );
  }
});

test("however many ask at once, a provider that tells what is left refuses nobody", async () => {
  const { limits, forward, clock } = world({ random: Math.random });
  const provider = createRateLimit({ clock, limit: { requests: 5, windowMs: 10_000 } });
  const statuses: number[] = [];
  const one = async (): Promise<void> => {
    const settle = await limits.enter(to(1), URL_HERE);
    const { isAllowed, headers } = provider.take("acme");
    for (let wait = Math.random() * 4; wait > 0; wait--) await turn();
    statuses.push(isAllowed ? 200 : 429);
    settle(answer(isAllowed ? 200 : 429, headers));
  };
  await one();
  const all = Promise.all(Array.from({ length: 60 }, one));
  for (let window = 0; window < 40 && statuses.length < 61; window++) await forward(11_000);
  await all;
  assert.deepEqual([...new Set(statuses)], [200]);
});

test("what never arrived is not counted, and with nothing under way the count holds nobody", async () => {
  const { limits, ask, goes } = world();
  await ask(to(1), left(2, 60));
  await ask(to(1), undefined);
  const first = await limits.enter(to(1), URL_HERE);
  const second = await limits.enter(to(1), URL_HERE);
  assert.equal(await goes(to(1)), false, "two under way, two left");
  first(undefined);
  assert.equal(await goes(to(1)), true);
  second(left(1, 60));
  assert.equal(await goes(to(1)), true);
});

test("what was sent in the last second of a window may count in the next, so that one less may follow", async () => {
  const { limits, ask, goes, forward } = world();
  await ask(to(1), left(4, 10));
  await forward(9_500);
  await limits.enter(to(1), URL_HERE);
  await forward(600);
  for (let sent = 0; sent < 4; sent++) await limits.enter(to(1), URL_HERE);
  assert.equal(await goes(to(1)), false);
});

/** Processes that hear from each other at once; `told` is what they said. */
const sharedWorld = () => {
  const told: Learned[] = [];
  const ears: ((block: Heard) => void)[] = [];
  const shared: SharedLimits = {
    learn: async (block) => {
      told.push(block);
      for (const hear of ears) hear(block);
      return block.waitMs;
    },
    onHeard: (hear) => ears.push(hear),
  };
  return { shared, told, say: (block: Heard) => ears.forEach((hear) => void hear(block)) };
};

test("what one process learns holds the others; twenty refusals at once are told once, a short block not at all", async () => {
  const { shared, told } = sharedWorld();
  const [a, b] = [world({ shared }), world({ shared })];
  const parallel = await Promise.all(Array.from({ length: 20 }, () => a.limits.enter(to(1), URL_HERE)));
  for (const settle of parallel) settle(refused(30));
  assert.equal(await b.goes(to(1)), false);
  assert.equal(await b.goes(to(2)), true);
  const bucket = { scope: "connection", account: 1, host: "api.acme.example", part: "" };
  assert.deepEqual(told, [{ ...bucket, waitMs: 30_000, source: "refused", remaining: null }]);
  await a.ask(to(2), answer(429, { "retry-after": "0.5" }));
  assert.equal(await a.goes(to(2)), false);
  assert.equal(told.length, 1);
});

test("a block that is lifted lets those who wait go at once", async () => {
  const { shared, say } = sharedWorld();
  const { limits, ask, goes } = world({ shared });
  await ask(to(1), refused(3600));
  const entered = limits.enter(to(1), URL_HERE);
  await turn();
  say({ scope: "connection", account: 1, host: "api.acme.example", part: "", waitMs: 0 });
  await entered;
  assert.equal(await goes(to(1)), true);
});

test("when a block cannot be told, this process keeps it, and tells the next", async () => {
  let failures = 0;
  const shared: SharedLimits = {
    learn: async () => Promise.reject(new Error(`away ${++failures}`)),
    onHeard: () => {},
  };
  const { ask, goes, forward } = world({ shared });
  await ask(to(1), refused(30));
  assert.equal(await goes(to(1)), false);
  await forward(30_000);
  await ask(to(1), refused(30));
  assert.equal(failures, 2);
});
