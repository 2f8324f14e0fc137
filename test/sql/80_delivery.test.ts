// 80_delivery.sql: sending what the outbox holds.
import assert from "node:assert/strict";
import { claimDeliveries } from "../../src/db/outbox.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";
import { type Answer, claimOne, finish, into, numbers, queued } from "./outbox.ts";

const row = async (w: World) =>
  (await w.q("select state, attempts, next_attempt_at, ended_at from syncline.outbox"))[0]!;

const ANSWERS: [Answer, string][] = [
  ...[200, 201, 204, 299].map((status): [Answer, string] => [{ status }, "delivered"]),
  ...[300, 301, 304, 400, 401, 403, 404, 409, 410, 422, 499, 100].map((status): [Answer, string] => [
    { status },
    "dead",
  ]),
  ...[408, 425, 429, 500, 502, 503, 504, 599].map((status): [Answer, string] => [{ status }, "pending"]),
  [{ error: "ECONNREFUSED" }, "pending"],
];

sqlTests("80_delivery", {
  "every answer has its class: delivered, tried again, or dead at once": async (w) => {
    const ids = await makeSync(w);
    for (const [answer, state] of ANSWERS) {
      await into(w, ids, null, 1);
      assert.equal(await finish(w, await claimOne(w), answer), state, JSON.stringify(answer));
      await w.q("delete from syncline.outbox");
      await w.q("delete from syncline.webhook_endpoints");
    }
  },
  "a claim says all that is needed to send, oldest due first, up to the limit": async (w) => {
    const ids = await queued(w);
    await into(w, ids, null, 1);
    await w.q(
      "update syncline.webhook_lanes set next_at = syncline.now() - interval '1 min' where id = (select max(id) from syncline.webhook_lanes)",
    );
    const first = await claimOne(w);
    assert.equal(first.id, await w.one("select max(id) from syncline.outbox"));
    const { attempt, token, body, url, environment_id, connection_id, signing_key_sealed } = first;
    assert.deepEqual(
      { attempt, token, body, url, environment_id, connection_id, key: String(signing_key_sealed) },
      {
        attempt: 1,
        token: 1,
        body: { n: 1 },
        url: "https://app.example/hook",
        environment_id: ids.environment,
        connection_id: ids.connection,
        key: "key",
      },
    );
    assert.equal((await claimDeliveries(w.db, { limit: 10 })).length, 1);
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
  },
  "each attempt is a row": async (w) => {
    await queued(w);
    await finish(w, await claimOne(w), { error: "ETIMEDOUT" });
    await w.forward("1 h");
    await finish(w, await claimOne(w), { status: 200 });
    assert.deepEqual(await w.q("select attempt, status, ms, error from syncline.deliveries order by id"), [
      { attempt: 1, status: null, ms: 5, error: "ETIMEDOUT" },
      { attempt: 2, status: 200, ms: 5, error: null },
    ]);
    const { state, attempts, next_attempt_at: next, ended_at: ended } = await row(w);
    assert.deepEqual(
      { state, attempts, next, ended },
      { state: "delivered", attempts: 2, next: null, ended: "2026-03-01T01:00:00.000000+00:00" },
    );
  },
  "waits grow from 10 s to 10 h, each within 20 % by the row's own uid": async (w) => {
    const waits = await w.q(
      `with uids as materialized (select gen_random_uuid() as uid from generate_series(1, 200))
       select a as attempt, min(w.seconds)::float as low, max(w.seconds)::float as high
         from generate_series(1, 7) a cross join uids u
        cross join lateral (select extract(epoch from syncline.next_attempt(u.uid, a, null) - syncline.now()) as seconds) w
        group by a order by a`,
    );
    const growth = (36_000 / 10) ** (1 / 6);
    for (const { attempt, low, high } of waits) {
      const middle = 10 * growth ** (attempt - 1);
      assert.ok(
        low >= middle * 0.799 && high <= middle * 1.201,
        `attempt ${attempt}: ${low} to ${high} around ${middle}`,
      );
      assert.ok(high > low, "no jitter");
    }
    const twice =
      "select syncline.next_attempt(u, 3, null) = syncline.next_attempt(u, 3, null) from gen_random_uuid() u";
    assert.equal(await w.one(twice), true);
  },
  "the receiver's Retry-After is obeyed when it is longer, and never shortens the wait": async (w) => {
    await queued(w);
    await finish(w, await claimOne(w), { status: 429, retryAfter: "1 h" });
    assert.equal((await row(w)).next_attempt_at, "2026-03-01T01:00:00.000000+00:00");
    await w.forward("1 h");
    await finish(w, await claimOne(w), { status: 503, retryAfter: "1 s" });
    assert.ok((await row(w)).next_attempt_at > "2026-03-01T01:00:25");
  },
  "after eight attempts it is dead": async (w) => {
    await queued(w);
    const states: unknown[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      states.push(await finish(w, await claimOne(w), { status: 500 }));
      await w.forward("1 day");
    }
    assert.deepEqual(states, [...Array(7).fill("pending"), "dead"]);
    assert.deepEqual(await claimDeliveries(w.db, { limit: 1 }), []);
  },
  "a claimed row comes due again by itself after a minute, and the first sender's word counts no more": async (w) => {
    await queued(w);
    const lost = await claimOne(w);
    await w.forward("59 s");
    assert.deepEqual(await claimDeliveries(w.db, { limit: 1 }), []);
    await w.forward("1 s");
    const second = await claimOne(w);
    assert.deepEqual([second.id, second.attempt], [lost.id, 2]);
    assert.equal(await finish(w, lost, { status: 500 }), null);
    assert.equal(await w.one("select count(*) from syncline.deliveries"), 0);
    assert.equal(await finish(w, second, { status: 200 }), "delivered");
    assert.equal(await finish(w, second, { status: 500 }), null, "an end is an end");
  },
  "a row whose senders die every time is dead after its attempts too": async (w) => {
    await queued(w);
    for (let attempt = 1; attempt <= 8; attempt++) {
      assert.equal((await claimOne(w)).attempt, attempt);
      await w.forward("1 min");
    }
    assert.deepEqual(await claimDeliveries(w.db, { limit: 1 }), []);
    assert.equal((await row(w)).state, "dead");
  },
  "a lane's rows go one after the other, by id; other lanes overtake one that waits": async (w) => {
    const ids = await makeSync(w);
    for (const [lane, n] of [
      ["stream:1", 1],
      ["stream:1", 2],
      ["stream:2", 3],
      [null, 4],
      ["stream:1", 5],
    ] as const) {
      await into(w, ids, lane, n);
    }
    const first = await claimDeliveries(w.db, { limit: 10 });
    assert.deepEqual(numbers(first), [1, 3, 4]);
    await finish(w, first.find(({ body }) => body.n === 1)!, { status: 500 });
    for (const one of first.filter(({ body }) => body.n !== 1)) await finish(w, one, { status: 200 });
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), [], "all of the first lane wait for its first");
    await into(w, ids, "stream:2", 6);
    assert.deepEqual(numbers(await claimDeliveries(w.db, { limit: 10 })), [6]);
    await w.forward("15 s");
    for (const n of [1, 2, 5]) {
      const [one, ...more] = await claimDeliveries(w.db, { limit: 10 });
      assert.deepEqual([one!.body.n, more], [n, []]);
      await finish(w, one!, { status: n === 2 ? 404 : 200 });
    }
    assert.deepEqual(await w.q("select lane from syncline.webhook_lanes"), [{ lane: "stream:2" }], "empty lanes go");
  },
  "every pending row is in a lane, and a lane whose rows are gone goes": async (w) => {
    const ids = await makeSync(w);
    await into(w, ids, "stream:1", 1);
    const restricted = await w.one(
      "select case when current_setting('server_version_num')::int < 180000 then '23503' else '23001' end",
    );
    await w.refuses(restricted, /outbox_lane_id_fkey/, () => w.q("delete from syncline.webhook_lanes"));
    await w.refuses("23514", /outbox_in_a_lane_iff_pending/, () => w.q("update syncline.outbox set lane_id = null"));
    await w.q("delete from syncline.outbox");
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    assert.equal(await w.one("select count(*) from syncline.webhook_lanes"), 0);
    await into(w, ids, "stream:1", 1);
    await w.q("delete from syncline.environments where id = $1", [ids.environment]);
    assert.equal(await w.one("select count(*) from syncline.webhook_endpoints"), 0);
  },
});
