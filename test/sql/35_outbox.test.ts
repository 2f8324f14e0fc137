// 35_outbox.sql: a webhook is a row written in the transaction that makes it true.
import assert from "node:assert/strict";
import { makeRun, makeSync, saveAll, sqlTests, type World } from "../helpers/world.ts";

const enqueue = (w: World, ids: { environment: number; connection: number | null }) =>
  w.one("select syncline.enqueue_webhook($1, $2, null, 'auth', '{\"a\":1}')", [ids.environment, ids.connection]);

const urls = async (w: World) => (await w.q("select url from syncline.outbox order by id")).map((row) => row.url);

const announce = (w: World, stream: number, run: number, always: boolean, since: string) =>
  w.one('select syncline.announce_stream($1, $2, \'{"type":"sync"}\', $3, $4)', [stream, run, always, since]);

sqlTests("35_outbox", {
  "a webhook goes to the primary and the secondary URL": async (w) => {
    const ids = await makeSync(w, { webhookUrl: "https://one.example" });
    await w.q("update syncline.environments set webhook_url_secondary = 'https://two.example' where id = $1", [
      ids.environment,
    ]);
    assert.equal(await enqueue(w, ids), 2);
    assert.deepEqual((await urls(w)).sort(), ["https://one.example", "https://two.example"]);
    const [row] = await w.q("select kind, state, attempts, body, next_attempt_at from syncline.outbox limit 1");
    assert.deepEqual(row, {
      kind: "auth",
      state: "pending",
      attempts: 0,
      body: { a: 1 },
      next_attempt_at: "2026-03-01T00:00:00.000000+00:00",
    });
  },
  "an environment without a URL has nothing to send": async (w) => {
    const ids = await makeSync(w, { webhookUrl: null });
    assert.equal(await enqueue(w, ids), 0);
  },
  "a connection's own URL takes the place of both": async (w) => {
    const ids = await makeSync(w);
    await w.q("update syncline.connections set webhook_url_override = 'https://own.example' where id = $1", [
      ids.connection,
    ]);
    assert.equal(await enqueue(w, ids), 1);
    assert.deepEqual(await urls(w), ["https://own.example"]);
    assert.equal(await enqueue(w, { ...ids, connection: null }), 1);
    assert.deepEqual(await urls(w), ["https://own.example", "https://app.example/hook"]);
  },
  "times in webhooks are UTC with milliseconds, cut off and never rounded up": async (w) => {
    const time = (at: string) => w.one("select syncline.webhook_time($1)", [at]);
    assert.equal(await time("2026-03-01T00:00:00.123999Z"), "2026-03-01T00:00:00.123Z");
    assert.equal(await time("2026-03-01T00:00:00.999999Z"), "2026-03-01T00:00:00.999Z");
    await w.q("set local timezone = 'Asia/Tokyo'");
    assert.equal(await time("2026-03-01T00:00:00Z"), "2026-03-01T00:00:00.000Z");
  },
  "a stream is announced once, with everything since the last time": async (w) => {
    const { fence, stream } = await makeRun(w);
    await saveAll(w.db, { ...fence, stream }, { a: "1", b: "1" });
    await saveAll(w.db, { ...fence, stream }, { a: "2" });
    await w.forward("1 min");
    assert.equal(await announce(w, stream, fence.run, false, "2026-03-01T00:00:30Z"), 1);
    const { body } = (await w.q("select body from syncline.outbox"))[0]!;
    assert.deepEqual(body, {
      type: "sync",
      model: "Contact",
      modifiedAfter: "2026-03-01T00:00:00.000Z",
      responseResults: { added: 2, updated: 1, deleted: 0 },
    });
    assert.equal(await announce(w, stream, fence.run, false, "2026-03-01T00:01:00Z"), 0);
    assert.equal(await announce(w, stream, fence.run, true, "2026-03-01T00:01:00Z"), 1);
    const last = (await w.q("select body from syncline.outbox order by id desc limit 1"))[0]!;
    assert.deepEqual(
      [last.body.modifiedAfter, last.body.responseResults],
      ["2026-03-01T00:01:00.000Z", { added: 0, updated: 0, deleted: 0 }],
    );
  },
});
