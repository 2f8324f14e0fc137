// 26_rate_limit.sql: a block moves forward only, belongs to one tenant, ends by itself, and is told to whoever listens.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connect } from "../../src/db/pool.ts";
import { currentRateLimits, learnRateLimit, liftRateLimits, rateLimitWait } from "../../src/db/rate-limits.ts";
import { testDatabase } from "../helpers/database.ts";
import { until } from "../helpers/until.ts";
import { makeSync, sqlTests, type World, worldOn } from "../helpers/world.ts";

const HOST = "api.acme.example";
const refused = { scope: "connection", host: HOST, part: "", source: "refused", remaining: null } as const;

const waitOf = ({ db }: World, connection: number, part?: string) =>
  rateLimitWait(db, { connection, host: HOST, ...(part === undefined ? {} : { part }) });

sqlTests("rate limits", {
  "a block stands until its time has come, and a shorter one learned later does not shorten it": async (w) => {
    const { connection } = await makeSync(w);
    assert.equal(await waitOf(w, connection), 0);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 30_000 }), 30_000);
    await w.forward("10 s");
    assert.equal(await waitOf(w, connection), 20_000);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 5_000 }), 20_000);
    assert.equal(await waitOf(w, connection), 20_000);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 60_000 }), 60_000);
    await w.forward("60 s");
    assert.equal(await waitOf(w, connection), 0);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 1_000 }), 1_000);
  },

  "whatever is learned in whatever order, the latest end stands": async (w) => {
    const learned = fc.array(fc.tuple(fc.integer({ min: 0, max: 90_000_000 }), fc.integer({ min: 0, max: 9 })), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(learned, async (steps) => {
        const { connection } = await makeSync(w);
        let at = 0;
        let end = 0;
        for (const [waitMs, pause] of steps) {
          end = Math.max(end, at + Math.min(waitMs, 86_400_000));
          const stands = await learnRateLimit(w.db, { ...refused, account: connection, waitMs });
          assert.equal(stands, Math.max(0, end - at));
          await w.forward(`${pause} s`);
          at += pause * 1000;
        }
        assert.equal(await waitOf(w, connection), Math.max(0, end - at));
      }),
      { numRuns: 15 },
    );
  },

  "nobody is blocked for more than a day": async (w) => {
    const { connection } = await makeSync(w);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 1e12 }), 86_400_000);
  },

  "a block of a connection is no other's; one of an integration is all its connections', and of no other tenant":
    async (w) => {
      const one = await makeSync(w);
      const two = await makeSync(w, { beside: one });
      const other = await makeSync(w);
      await learnRateLimit(w.db, { ...refused, account: one.connection, waitMs: 9_000 });
      assert.deepEqual(
        [await waitOf(w, one.connection), await waitOf(w, two.connection), await waitOf(w, other.connection)],
        [9_000, 0, 0],
      );
      const all = { ...refused, scope: "integration", account: one.integration };
      assert.equal(await learnRateLimit(w.db, { ...all, waitMs: 7_000 }), 7_000);
      assert.deepEqual(
        [await waitOf(w, one.connection), await waitOf(w, two.connection), await waitOf(w, other.connection)],
        [9_000, 7_000, 0],
      );
      assert.deepEqual(await w.q("select distinct environment_id from syncline.rate_limits"), [
        { environment_id: one.environment },
      ]);
    },

  "a part of a provider's API is blocked for itself": async (w) => {
    const { connection } = await makeSync(w);
    await learnRateLimit(w.db, { ...refused, account: connection, part: "/search", waitMs: 9_000 });
    assert.equal(await waitOf(w, connection), 0);
    assert.equal(await waitOf(w, connection, "/search"), 9_000);
  },

  "what is blocked now is listed, what was blocked is not": async (w) => {
    const { connection, integration } = await makeSync(w);
    await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 5_000 });
    await learnRateLimit(w.db, { ...refused, scope: "integration", account: integration, waitMs: 9_000 });
    await w.forward("6 s");
    assert.deepEqual(await currentRateLimits(w.db, {}), [
      { scope: "integration", account: integration, host: HOST, part: "", wait_ms: 3_000 },
    ]);
  },

  "an operator lifts what blocks a connection, and only that": async (w) => {
    const one = await makeSync(w);
    const two = await makeSync(w, { beside: one });
    for (const account of [one.connection, two.connection])
      await learnRateLimit(w.db, { ...refused, account, waitMs: 9_000 });
    await learnRateLimit(w.db, { ...refused, scope: "integration", account: one.integration, waitMs: 9_000 });
    assert.equal(await liftRateLimits(w.db, { connection: one.connection }), 2);
    assert.deepEqual([await waitOf(w, one.connection), await waitOf(w, two.connection)], [0, 9_000]);
    assert.equal(await liftRateLimits(w.db, { connection: one.connection }), 0);
  },

  "an account that is gone has no limit, and a scope that is none is refused": async (w) => {
    const { connection } = await makeSync(w);
    await w.q("delete from syncline.connections where id = $1", [connection]);
    assert.equal(await learnRateLimit(w.db, { ...refused, account: connection, waitMs: 9_000 }), 0);
    await w.refuses("SL004", /bad rate limit/, () =>
      learnRateLimit(w.db, { ...refused, scope: "planet", account: 1, waitMs: 1 }),
    );
  },

  "blocks go with their connection, and a day after their end": async (w) => {
    const one = await makeSync(w);
    const two = await makeSync(w, { beside: one });
    for (const account of [one.connection, two.connection])
      await learnRateLimit(w.db, { ...refused, account, waitMs: 9_000 });
    await w.q("delete from syncline.connections where id = $1", [one.connection]);
    assert.equal(await w.one("select count(*)::int from syncline.rate_limits"), 1);
    await w.forward("1 day");
    assert.equal(await w.one("select syncline.tidy_rate_limits()"), 0);
    await w.forward("10 s");
    assert.equal(await w.one("select syncline.tidy_rate_limits()"), 1);
  },
});

test("a block that moved is told once to all who listen, one that did not is not", async (t) => {
  const { pool, url } = await testDatabase(t);
  const client = await pool.connect();
  const { connection } = await makeSync(worldOn(client)).finally(() => client.release());
  const listener = await connect({ url, applicationName: "test" });
  t.after(() => listener.end());
  const heard: object[] = [];
  listener.on("notification", ({ payload }) => heard.push(JSON.parse(payload ?? "")));
  await listener.query("listen syncline_limited");
  for (const waitMs of [30_000, 5_000]) await learnRateLimit(pool, { ...refused, account: connection, waitMs });
  await liftRateLimits(pool, { connection });
  await until("the lift is heard", () => heard.length >= 2);
  const bucket = { scope: "connection", account: connection, host: HOST, part: "" };
  assert.deepEqual(heard, [
    { ...bucket, wait_ms: 30_000 },
    { ...bucket, wait_ms: 0 },
  ]);
});
