// 79_webhook_endpoint.sql: how many webhooks an endpoint may be sent now, and what its answers make of it.
import assert from "node:assert/strict";
import { claimDeliveries } from "../../src/db/outbox.ts";
import { makeSync, sqlTests } from "../helpers/world.ts";
import { claimOne, endpoint, finish, into, numbers } from "./outbox.ts";

sqlTests("79_webhook_endpoint", {
  "an endpoint gets as many at a time as it may, the one with the most room first": async (w) => {
    const ids = await makeSync(w, { webhookUrl: "https://a.example/" });
    await w.q("update syncline.settings set webhook_endpoint_concurrency = 2");
    for (let n = 0; n < 4; n++) await into(w, ids, null, n);
    assert.equal((await claimDeliveries(w.db, { limit: 1 })).length, 1);
    const other = await makeSync(w, { webhookUrl: "https://b.example/" });
    await w.forward("1 s");
    for (let n = 10; n < 14; n++) await into(w, other, null, n);
    assert.deepEqual(
      numbers(await claimDeliveries(w.db, { limit: 3 })).map((n) => n >= 10),
      [false, true, true],
    );
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    await w.forward("1 min");
    assert.equal((await claimDeliveries(w.db, { limit: 10 })).length, 4, "those whose senders died count no more");
  },
  "the circuit opens after five failures in a row, is probed by one at 1, 2, 4, 8 and then every 15 minutes, and closes":
    async (w) => {
      const ids = await makeSync(w);
      for (let n = 1; n <= 10; n++) await into(w, ids, null, n);
      const fail = async () => {
        for (const one of await claimDeliveries(w.db, { limit: 1 })) await finish(w, one, { status: 500 });
      };
      for (let n = 1; n <= 4; n++) await fail();
      const [ok] = await claimDeliveries(w.db, { limit: 1 });
      await finish(w, ok!, { status: 200 });
      assert.equal((await endpoint(w)).consecutive_failures, 0, "in a row");
      for (let n = 1; n <= 4; n++) await fail();
      const refused = await into(w, ids, null, 11).then(() => claimDeliveries(w.db, { limit: 1 }));
      await finish(w, refused[0]!, { status: 404 });
      assert.equal((await endpoint(w)).circuit, "closed", "a refusal is no failure");
      await into(w, ids, null, 12);
      await w.forward("1 h"); // all are due
      await fail();
      assert.deepEqual(await endpoint(w), {
        circuit: "open",
        consecutive_failures: 5,
        failed_probes: 0,
        times_opened: 1,
        last_status: 500,
      });
      const attempts = () => w.one("select sum(attempts)::int from syncline.outbox");
      for (const minutes of [1, 2, 4, 8, 15, 15]) {
        const before = await attempts();
        await w.forward(`${minutes * 60 - 1} s`);
        assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
        await w.forward("1 s");
        const [probe, ...more] = await claimDeliveries(w.db, { limit: 10 });
        assert.deepEqual([more, await claimDeliveries(w.db, { limit: 10 })], [[], []]);
        await finish(w, probe!, { error: "ECONNREFUSED" });
        assert.equal(await attempts(), before + 1);
      }
      await w.forward("15 min");
      await finish(w, await claimOne(w), { status: 204 });
      assert.deepEqual(await endpoint(w), {
        circuit: "closed",
        consecutive_failures: 0,
        failed_probes: 0,
        times_opened: 1,
        last_status: 204,
      });
      await w.forward("10 h");
      assert.equal((await claimDeliveries(w.db, { limit: 20 })).length, 8, "then all that is due goes");
    },
  "a probe whose sender died is made again after a minute": async (w) => {
    const ids = await makeSync(w);
    await w.q("update syncline.settings set webhook_circuit_failures = 1");
    for (let n = 1; n <= 2; n++) await into(w, ids, null, n);
    await finish(w, await claimOne(w), { status: 502 });
    await w.forward("1 min");
    await claimOne(w);
    await w.forward("59 s");
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    await w.forward("1 s");
    assert.equal((await claimDeliveries(w.db, { limit: 10 })).length, 1);
  },
  "Retry-After blocks its endpoint, at most a day, and does not count as a failure": async (w) => {
    const ids = await makeSync(w);
    for (let n = 1; n <= 12; n++) await into(w, ids, null, n);
    for (const one of await claimDeliveries(w.db, { limit: 8 }))
      await finish(w, one, { status: 429, retryAfter: "7 days" });
    assert.equal((await endpoint(w)).circuit, "closed");
    await w.forward("23 h 59 min");
    assert.deepEqual(await claimDeliveries(w.db, { limit: 10 }), []);
    await w.forward("1 min");
    assert.equal((await claimDeliveries(w.db, { limit: 10 })).length, 8);
  },
  "the endpoint's row is not written at each success": async (w) => {
    const ids = await makeSync(w);
    const write = () => w.one("select xmin || ' ' || ctid from syncline.webhook_endpoints");
    const deliverOne = async () => {
      await into(w, ids, "stream:1", 1);
      await finish(w, await claimOne(w), { status: 200 });
    };
    await deliverOne();
    const first = await write();
    await deliverOne();
    assert.equal(await write(), first);
    await w.forward("11 s");
    await deliverOne();
    assert.notEqual(await write(), first);
  },
});
