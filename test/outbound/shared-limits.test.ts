// Promise: what one process learns of a provider account's limit all others obey, before they meet it; no other tenant does.
// Each process here has its own pool, its own connection that listens, and its own client; one clock moves them, the
// provider and the database.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createBundledProvider } from "../../src/bundled-provider/server.ts";
import { shareRateLimits } from "../../src/db/rate-limits.ts";
import { createLogger } from "../../src/log.ts";
import { createRateLimits } from "../../src/outbound/rate-limits.ts";
import { sendRequest } from "../../src/outbound/send.ts";
import type { Clock, Held, ProxyTarget } from "../../src/outbound/types.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { type TestDatabase, testDatabase } from "../helpers/database.ts";
import { until } from "../helpers/until.ts";
import { makeSync, START, worldOn } from "../helpers/world.ts";
import { json, startServer } from "./server.ts";

const log = createLogger("silent");
const acme = loadCatalogue({ files: [] }).get("acme")!;

/** A database whose clock moves when somebody sleeps. */
const stoppedWorld = async (t: TestContext) => {
  const db = await testDatabase(t);
  await db.clock.set(START);
  let now = Date.parse(START);
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      await db.clock.forward(`${ms} milliseconds`);
    },
  };
  const client = await db.pool.connect();
  const make = (o?: Parameters<typeof makeSync>[1]) => makeSync(worldOn(client), o);
  const [one, other] = [await make(), await make()];
  const beside = await make({ beside: one });
  client.release();
  return { db, clock, one, beside, other };
};

/** A process's share, once it listens; `statements` are those it sends from then on. */
const startSharing = async (t: TestContext, db: TestDatabase) => {
  const pool = db.newPool({ max: 2 });
  let statements = 0;
  pool.on("release", () => statements++);
  const shared = shareRateLimits({ pool, url: db.url, log });
  t.after(shared.close);
  let heard = 0;
  const onHeard: typeof shared.onHeard = (hear) =>
    shared.onHeard((block) => {
      hear(block);
      heard += 1;
    });
  // It reads what it may have missed as soon as it listens.
  await until("it listens", () => statements === 1);
  return {
    shared: { ...shared, onHeard },
    statements: () => statements - 1,
    hasHeard: () => until("a block is heard", () => heard > 0),
  };
};

/** A process that requests; `held` is what its requests waited for. */
const startProcess = async (t: TestContext, db: TestDatabase, clock: Clock) => {
  const { shared, statements, hasHeard } = await startSharing(t, db);
  const limits = createRateLimits({ clock, shared, random: () => 0, log });
  const send = sendRequest({ allowPrivateHosts: ["127.0.0.0/8"], clock, limits });
  await shared.read();
  const before = statements();
  const held: Held[] = [];
  const get = (target: ProxyTarget) =>
    send({ method: "GET", endpoint: "/v1/contacts" }, async () => target, { onHeld: (one) => held.push(one) });
  return { get, held, hasHeard, statements: () => statements() - before };
};

const acmeTarget = (url: string, ids: { connection: number; integration: number }, apiKey: string): ProxyTarget => ({
  provider: acme,
  credentials: { type: "API_KEY", apiKey },
  connectionConfig: { baseUrl: url },
  metadata: {},
  account: { connection: ids.connection, integration: ids.integration },
});

test("a process that never met the limit is not refused once: it waits for the reset that another was told of", async (t) => {
  const { db, clock, one, other } = await stoppedWorld(t);
  const rateLimit = { requests: 5, windowMs: 60_000 };
  const provider = await createBundledProvider({
    seed: 1,
    rows: { contacts: 9 },
    clock,
    rateLimit,
    apiKeys: ["a", "b"],
  });
  t.after(() => provider.close());
  const target = acmeTarget(provider.url, one, "a");
  const [first, second] = [await startProcess(t, db, clock), await startProcess(t, db, clock)];
  const from = clock.now();
  for (let page = 0; page < 5; page++) await first.get(target);
  await second.hasHeard();
  await second.get(acmeTarget(provider.url, other, "b"));
  assert.equal(clock.now(), from, "another tenant's connection waits for nothing");
  for (let page = 0; page < 4; page++) await second.get(target);
  assert.deepEqual(second.held, [{ host: new URL(provider.url).host, until: from + 60_000 }]);
  assert.equal(clock.now(), from + 60_000);
  assert.equal(provider.stats.total, 10);
  assert.equal(provider.stats.rateLimited, 0);
});

test("a refusal holds a process that starts later, for that connection alone, and it sends no more than needed", async (t) => {
  const { db, clock, one, beside, other } = await stoppedWorld(t);
  const server = await startServer(t, (_seen, response, count) =>
    count === 1 ? json(response, 429, {}, { "retry-after": "30" }) : json(response, 200, {}),
  );
  const first = await startProcess(t, db, clock);
  await assert.rejects(first.get(acmeTarget(server.url, one, "a")), { code: "script_http_error" });
  await until("it is known", async () => (await db.query("select from syncline.rate_limits")).length === 1);
  const later = await startProcess(t, db, clock);
  const from = clock.now();
  await later.get(acmeTarget(server.url, beside, "a"));
  await later.get(acmeTarget(server.url, other, "b"));
  assert.equal(clock.now(), from);
  await later.get(acmeTarget(server.url, one, "a"));
  assert.equal(clock.now(), from + 30_000);
  assert.equal(server.requests.length, 4);
});

test("requests cost no statement while nothing is limited, and a limit one, however many meet it", async (t) => {
  const { db, clock, one } = await stoppedWorld(t);
  let status = 200;
  const server = await startServer(t, (_seen, response) => json(response, status, {}, { "retry-after": "30" }));
  const { get, statements } = await startProcess(t, db, clock);
  const target = acmeTarget(server.url, one, "a");
  const many = () => Promise.allSettled(Array.from({ length: 50 }, () => get(target)));
  await many();
  assert.equal(statements(), 0);
  status = 429;
  await many();
  await until("it is told", () => statements() > 0);
  assert.equal((await db.query("select from syncline.rate_limits")).length, 1);
  assert.equal(statements(), 1);
});
