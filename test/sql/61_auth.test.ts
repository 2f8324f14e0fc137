// sql/61_auth.sql: one renewal at a time, in time, and what failures lead to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { claimDueAuth, claimRenewal, failRenewal, keepCredentials, saveRenewal } from "../../src/db/auth.ts";
import { setCredentials } from "../../src/db/connections.ts";
import { loadConnection } from "../../src/db/targets.ts";
import { testDatabase } from "../helpers/database.ts";
import { makeSync, sqlTests, type World, worldOn } from "../helpers/world.ts";

const SEALED = Buffer.from("sealed");
const REFUSED = { type: "refresh_token_external_error", description: "the provider said no" };

const after = ({ one }: World, interval: string): Promise<string> =>
  one("select (syncline.now() + $1::interval)::text", [interval]);

/** A connection with a token that ends after `life`, to be renewed `margin` before. */
const connected = async (w: World, life: string | null = "1 hour", margin: string | null = "15 min") => {
  const { connection, environment } = await makeSync(w);
  const expireAt = life === null ? null : await after(w, life);
  await setCredentials(w.db, { connection, sealed: SEALED, expireAt, margin });
  return { connection, environment };
};

type Asked = { seen?: number | null; isForced?: boolean; holder?: string };

const claim = (w: World, connection: number, { seen = null, isForced = false, holder = "a" }: Asked = {}) =>
  claimRenewal(w.db, { connection, seen, isForced, holder });

const save = async (w: World, connection: number, token: number, life = "1 hour") =>
  await saveRenewal(w.db, {
    connection,
    token,
    sealed: Buffer.from(`sealed ${token}`),
    expireAt: await after(w, life),
    margin: "15 min",
    config: { instance: "eu" },
  });

const failOnce = async (w: World, connection: number) => {
  const { verdict, token } = await claim(w, connection, { seen: 1 });
  assert.equal(verdict, "granted");
  assert.equal(await failRenewal(w.db, { connection, token: token!, error: REFUSED, isFinal: true }), true);
};

const authOf = async ({ q }: World, connection: number) =>
  (await q("select * from syncline.connection_auth where connection_id = $1", [connection]))[0]!;

sqlTests("renewal of credentials", {
  "the margin is what the provider asks for, and never more than a quarter of the token's life": async (w) => {
    const cases = [
      ["1 hour", "15 min", "45 min"],
      ["1 day", "15 min", "23 h 45 min"],
      ["10 min", "15 min", "7 min 30 s"],
      ["1 hour", "30 s", "59 min 30 s"],
      ["-5 min", "15 min", "-5 min"],
    ];
    for (const [life, margin, renewIn] of cases) {
      const { connection } = await connected(w, life, margin);
      assert.equal(
        (await authOf(w, connection)).renew_at,
        await w.one("select syncline.now() + $1::interval", [renewIn]),
      );
    }
    for (const [life, margin] of [
      [null, "15 min"],
      ["1 hour", null],
    ] as const) {
      const { connection } = await connected(w, life, margin);
      assert.equal((await authOf(w, connection)).renew_at, null);
      await w.forward("10 years");
      assert.equal((await claim(w, connection)).verdict, "fresh");
    }
  },

  "a renewal is granted to one, others wait for its lease of 30 s, and its result makes everybody fresh": async (w) => {
    const { connection } = await connected(w);
    assert.equal((await claim(w, connection)).verdict, "fresh");
    await w.forward("45 min");
    const mine = await claim(w, connection);
    assert.deepEqual([mine.verdict, mine.token, mine.version], ["granted", 1, 1]);
    await w.forward("10 s");
    assert.partialDeepStrictEqual(await claim(w, connection, { holder: "b" }), { verdict: "wait", wait_ms: 20_000 });
    assert.equal((await claim(w, connection, { holder: "b", seen: 1, isForced: true })).verdict, "wait");
    assert.equal(await save(w, connection, mine.token!), "stored");
    assert.equal((await claim(w, connection, { holder: "b" })).verdict, "fresh");
    assert.partialDeepStrictEqual(await claim(w, connection, { seen: 1 }), { verdict: "fresh", version: 2 });
    assert.partialDeepStrictEqual(await loadConnection(w.db, { connection }), {
      auth_version: 2,
      renew_in_ms: 45 * 60_000,
      ends_in_ms: 60 * 60_000,
      credentials_sealed: Buffer.from("sealed 1"),
      connection_config: { instance: "eu" },
    });
  },

  "credentials that were refused are renewed though their end is far, but only if no newer ones are there": async (
    w,
  ) => {
    const { connection } = await connected(w, null);
    const { verdict, token } = await claim(w, connection, { seen: 1 });
    assert.equal(verdict, "granted");
    await save(w, connection, token!);
    assert.equal((await claim(w, connection, { seen: 1 })).verdict, "fresh");
    // Refused again at once: then the credentials are not why.
    assert.equal((await claim(w, connection, { seen: 2 })).verdict, "fresh");
    await w.forward("30 s");
    assert.equal((await claim(w, connection, { seen: 2 })).verdict, "granted");
  },

  "a lost holder's lease ends, and what it stores late stands until something newer is stored": async (w) => {
    const { connection } = await connected(w);
    await w.forward("1 hour");
    const lost = (await claim(w, connection)).token!;
    await w.forward("30 s");
    const next = (await claim(w, connection, { holder: "b" })).token!;
    assert.equal(next, 2);
    assert.equal(await failRenewal(w.db, { connection, token: lost, error: REFUSED, isFinal: false }), false);
    assert.equal(await save(w, connection, lost), "stored");
    // The other's exchange was made with a token that was replaced: its failure says nothing of the new one.
    assert.equal((await authOf(w, connection)).lease_holder, "b");
    assert.equal(await save(w, connection, next), "stored");
    assert.equal(await save(w, connection, next), "stored");
    assert.equal(await save(w, connection, lost), "superseded");
    const { version, lease_until } = await authOf(w, connection);
    assert.deepEqual([version, lease_until], [3, null]);
  },

  "credentials that were set meanwhile are not replaced by a renewal of the old ones": async (w) => {
    const { connection } = await connected(w);
    await w.forward("1 hour");
    const { token } = await claim(w, connection);
    await setCredentials(w.db, { connection, sealed: Buffer.from("connected anew"), expireAt: null });
    assert.equal(await save(w, connection, token!), "superseded");
    assert.equal(await failRenewal(w.db, { connection, token: token!, error: REFUSED, isFinal: true }), false);
    const loaded = await loadConnection(w.db, { connection });
    assert.deepEqual([loaded?.credentials_sealed?.toString(), loaded?.auth_version], ["connected anew", 2]);
  },

  "after a failure nobody tries for 30 s but who insists": async (w) => {
    const { connection } = await connected(w, null);
    await failOnce(w, connection);
    await w.forward("10 s");
    const { verdict, wait_ms, error } = await claim(w, connection, { seen: 1 });
    assert.deepEqual([verdict, wait_ms, error?.description], ["backoff", 20_000, REFUSED.description]);
    const forced = await claim(w, connection, { seen: 1, isForced: true });
    assert.equal(forced.verdict, "granted");
    await w.q("select syncline.give_back_renewal($1, $2)", [connection, forced.token]);
    await w.forward("20 s");
    assert.equal((await claim(w, connection, { seen: 1 })).verdict, "granted");
  },

  "failures on 4 days in UTC, however many a day, give a connection up until it is connected anew": async (w) => {
    const { connection } = await connected(w, null);
    for (const day of [1, 2, 3, 4]) {
      await failOnce(w, connection);
      assert.equal((await authOf(w, connection)).failing_days, day);
      if (day === 4) break;
      await w.forward("23 h 59 min");
      await failOnce(w, connection);
      assert.equal((await authOf(w, connection)).failing_days, day);
      await w.forward("1 min");
    }
    await w.forward("10 days");
    assert.equal((await claim(w, connection, { seen: 1 })).verdict, "exhausted");
    assert.deepEqual(await claimDueAuth(w.db, { limit: 10 }), []);
    assert.equal((await claim(w, connection, { seen: 1, isForced: true })).verdict, "granted");
    await setCredentials(w.db, { connection, sealed: SEALED, expireAt: null });
    const { failing_days, exhausted_at, failed_at, error } = await authOf(w, connection);
    assert.deepEqual([failing_days, exhausted_at, failed_at, error], [0, null, null, null]);
    assert.equal((await claim(w, connection, { seen: 2 })).verdict, "granted");
  },

  "a success between failing days begins the count anew; an operator may try again": async (w) => {
    const { connection } = await connected(w, null);
    for (let day = 0; day < 3; day++) {
      await failOnce(w, connection);
      await w.forward("1 day");
    }
    const { token } = await claim(w, connection, { seen: 1 });
    await keepCredentials(w.db, { connection, token: token! });
    assert.partialDeepStrictEqual(await authOf(w, connection), { failing_days: 0, error: null, lease_until: null });
    await w.forward("30 s");
    for (let day = 0; day < 4; day++) {
      await failOnce(w, connection);
      await w.forward("1 day");
    }
    assert.equal((await claim(w, connection, { seen: 1 })).verdict, "exhausted");
    const [seen] = await w.q(
      "select status, error, remedy from syncline.connection_auth_overview where connection_id = $1",
      [connection],
    );
    assert.deepEqual([seen?.status, seen?.error], ["given up", REFUSED.description]);
    assert.match(seen?.remedy, new RegExp(`syncline.retry_renewal\\(${connection}\\)`));
    const [health] = await w.q("select * from syncline.connection_health where connection_id = $1", [connection]);
    assert.partialDeepStrictEqual(health, { status: "credentials given up", auth_error: REFUSED.description });
    assert.equal(health?.auth_failing_since, "2026-03-04T00:00:30.000000+00:00");
    const [check] = await w.q("select * from syncline.check_credentials()");
    assert.match(`${check?.verdict} ${check?.detail}`, /^warn 1 of 1 connections fail, 1 were given up; /);
    await w.q("select syncline.retry_renewal($1)", [connection]);
    assert.deepEqual(await claimDueAuth(w.db, { limit: 10 }), [{ id: connection }]);
    assert.equal((await claim(w, connection, { seen: 1 })).verdict, "granted");
    await w.refuses("SL002", /no such connection/, () => w.db.query("select syncline.retry_renewal(-1)"));
  },

  "each failure is a webhook where the environment wants it, a line of the log, and an error until it is mended":
    async (w) => {
      const { connection, environment } = await connected(w, null);
      await failOnce(w, connection);
      const [webhook, ...others] = await w.q("select body, lane from syncline.outbox");
      assert.deepEqual(others, []);
      assert.partialDeepStrictEqual(webhook, {
        lane: `auth:${connection}`,
        body: {
          type: "auth",
          operation: "refresh",
          success: false,
          provider: "acme",
          authMode: "API_KEY",
          error: REFUSED,
        },
      });
      const errors = await w.one("select syncline.describe_connection_errors($1)", [connection]);
      const [line] = await w.q("select id::text, level, message from syncline.logs where connection_id = $1", [
        connection,
      ]);
      const since = "2026-03-01T00:00:00.000Z";
      assert.deepEqual(errors, [{ type: "auth", log_id: line?.id, message: REFUSED.description, since }]);
      assert.deepEqual(
        [line?.level, line?.message],
        ["error", `credentials could not be renewed: ${REFUSED.description}`],
      );
      await w.q("update syncline.environments set on_auth_refresh_error = false where id = $1", [environment]);
      await w.forward("30 s");
      await failOnce(w, connection);
      assert.equal(await w.one("select count(*)::int from syncline.outbox"), 1);
      await w.forward("30 s");
      const { token } = await claim(w, connection, { seen: 1 });
      await save(w, connection, token!);
      assert.deepEqual(await w.one("select syncline.describe_connection_errors($1)", [connection]), []);
    },

  "every connection comes due within a day, spread out, and is taken once; one that was lost comes again": async (
    w,
  ) => {
    for (let n = 0; n < 20; n++) await connected(w, null);
    const due = await w.q("select distinct due_at from syncline.connection_auth");
    assert.equal(due.length, 20);
    assert.deepEqual(await claimDueAuth(w.db, { limit: 100 }), []);
    await w.forward("1 day");
    const first = await claimDueAuth(w.db, { limit: 15 });
    const second = await claimDueAuth(w.db, { limit: 15 });
    assert.deepEqual(
      [first.length, second.length, new Set([...first, ...second].map(({ id }) => id)).size],
      [15, 5, 20],
    );
    assert.equal(await w.one("select syncline.ring_renewals()"), false);
    await w.forward("15 min");
    assert.equal(await w.one("select syncline.ring_renewals()"), true);
    assert.equal((await claimDueAuth(w.db, { limit: 100 })).length, 20);
  },

  "of a deleted connection nothing is left to renew": async (w) => {
    const { connection } = await connected(w);
    await w.forward("1 hour");
    const { token } = await claim(w, connection);
    await w.q("select syncline.discard_connection($1)", [connection]);
    assert.equal(await save(w, connection, token!), "gone");
    assert.equal((await claim(w, connection)).verdict, "gone");
    assert.equal(
      await w.one("select count(*)::int from syncline.connection_auth where connection_id = $1", [connection]),
      0,
    );
  },
});

test("of 20 who ask at once over 20 sessions one gets the renewal", async (t) => {
  const { pool, newPool, clock } = await testDatabase(t);
  await clock.set("2026-03-01T00:00:00Z");
  const client = await pool.connect();
  const w = worldOn(client);
  const { connection } = await connected(w, "-1 min");
  client.release();
  const many = newPool({ max: 20 });
  const ask = (n: number) => claimRenewal(many, { connection, seen: null, isForced: n % 2 === 0, holder: `p${n}` });
  const verdicts = (await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)))).map(({ verdict }) => verdict);
  assert.equal(verdicts.filter((verdict) => verdict === "granted").length, 1);
  assert.equal(verdicts.filter((verdict) => verdict === "wait").length, 19);
});
