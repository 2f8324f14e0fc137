// 88_webhook_ops.sql: what an operator does about the app's webhooks.
import assert from "node:assert/strict";
import {
  claimDeliveries,
  pauseEndpoint,
  probeEndpoint,
  replayDelivery,
  replayWebhook,
  replayWebhooks,
  resumeEndpoint,
} from "../../src/db/outbox.ts";
import { makeSync, sqlTests } from "../helpers/world.ts";
import { claimOne, endpoint, finish, into, numbers, queued } from "./outbox.ts";

sqlTests("88_webhook_ops", {
  "a replayed webhook starts anew under the same uid, by its own id or by that of an attempt": async (w) => {
    await queued(w);
    const first = await claimOne(w);
    await finish(w, first, { status: 410 });
    assert.equal(await replayWebhook(w.db, { id: first.id }), true);
    const again = await claimOne(w);
    assert.deepEqual([again.uid, again.attempt], [first.uid, 1]);
    assert.equal(await finish(w, first, { status: 500 }), null);
    assert.equal(await finish(w, again, { status: 200 }), "delivered");
    const last = await w.one("select max(id) from syncline.deliveries");
    assert.equal(await replayDelivery(w.db, { id: last }), true, "a delivered one too");
    assert.equal((await claimOne(w)).uid, first.uid);
    for (const replay of [replayWebhook, replayDelivery]) assert.equal(await replay(w.db, { id: 999_999_999 }), false);
  },
  "an endpoint that is paused gets nothing until it is resumed; one that is left alone can be tried now": async (w) => {
    const ids = await makeSync(w);
    await into(w, ids, null, 1);
    const id = await w.one("select id from syncline.webhook_endpoints");
    assert.equal(await pauseEndpoint(w.db, { id }), true);
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    assert.equal(await w.one("select syncline.ring_deliveries()"), false);
    await probeEndpoint(w.db, { id });
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    assert.equal(await resumeEndpoint(w.db, { id }), true);
    await finish(w, await claimOne(w), { status: 429, retryAfter: "1 h" });
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    assert.equal(await probeEndpoint(w.db, { id }), true);
    const again = await claimOne(w);
    assert.equal(again.attempt, 2);
    await w.q("update syncline.settings set webhook_circuit_failures = 1");
    await finish(w, again, { status: 500 });
    assert.equal((await endpoint(w)).circuit, "open");
    await probeEndpoint(w.db, { id });
    await finish(w, await claimOne(w), { status: 200 });
    assert.equal((await endpoint(w)).circuit, "closed");
    for (const call of [pauseEndpoint, resumeEndpoint, probeEndpoint])
      assert.equal(await call(w.db, { id: 999_999 }), false);
  },
  "many are replayed by time, state, kind, URL and connection, those of a stream in their order": async (w) => {
    const ids = await makeSync(w);
    const other = await makeSync(w, { beside: ids });
    for (let n = 1; n <= 4; n++) {
      await into(w, ids, "stream:1", n);
      await w.forward("1 h");
    }
    await into(w, other, "stream:2", 5);
    for (let n = 0; n < 5; n++) await finish(w, await claimOne(w), { status: n === 4 ? 200 : 410 });
    const replay = (o: object) => replayWebhooks(w.db, { environment: ids.environment, ...o });
    assert.equal(await replay({ until: "2026-03-01T00:00:00Z" }), 0);
    assert.equal(await replay({ kind: "auth" }), 0);
    assert.equal(await replay({ url: "https://other.example/" }), 0);
    assert.equal(await replay({ connection: other.connection, state: "delivered" }), 1);
    assert.equal(await replay({ from: "2026-03-01T01:00:00Z", until: "2026-03-01T03:00:00Z" }), 2);
    assert.equal(await replay({ state: "dead" }), 2, "the rest");
    await w.refuses("SL004", /cannot be replayed/, () => replay({ state: "pending" }));
    const order: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      const got = await claimDeliveries(w.db, { limit: 10 });
      order.push(numbers(got));
      for (const one of got) {
        assert.equal(one.attempt, 1);
        await finish(w, one, { status: 200 });
      }
    }
    assert.deepEqual(order, [[1, 2, 5], [3, 4], []]);
  },
  "a pending one that is replayed need not wait for its time, nor others for it": async (w) => {
    const ids = await makeSync(w);
    for (let n = 1; n <= 2; n++) await into(w, ids, "stream:1", n);
    const first = await claimOne(w);
    assert.equal(await replayWebhook(w.db, first), true, "on its way: nothing to do");
    assert.equal(await finish(w, first, { status: 500 }), "pending");
    assert.equal(await replayWebhook(w.db, first), true);
    assert.deepEqual(numbers(await claimDeliveries(w.db, { limit: 10 })), [1, 2]);
  },
});
