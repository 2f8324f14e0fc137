// All that touches lanes, webhooks and endpoints, met in pairs and then all at once: never a deadlock, never a webhook that
// nobody would send.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pool } from "../../src/db/pool.ts";
import { testDatabase } from "../helpers/database.ts";
import { seeded } from "../helpers/seed.ts";
import { makeSync, worldOn } from "../helpers/world.ts";
import { meet, type Step } from "./pairs.ts";

const FORGOTTEN = `
  select o.id from syncline.outbox o join syncline.webhook_lanes l on l.id = o.lane_id
   where l.sending_until is null and o.id = (select min(x.id) from syncline.outbox x where x.lane_id = l.id)
     and l.next_at > greatest(o.next_attempt_at, syncline.now())`;

const setUp = async (pool: Pool) => {
  const db = await pool.connect();
  const w = worldOn(db);
  const ids = await makeSync(w, { webhookUrl: "https://a.example/" });
  await w.q("update syncline.environments set webhook_url_secondary = 'https://b.example/'");
  db.release();
  const enqueue =
    (...lanes: string[]): Step =>
    async (client) => {
      for (const lane of lanes)
        await client.query("select syncline.enqueue_webhook($1, $2, null, 'sync', '{}', $3)", [
          ids.environment,
          ids.connection,
          lane,
        ]);
    };
  return { ids, enqueue };
};

const call =
  (sql: string): Step =>
  (client) =>
    client.query(`select ${sql}`);

const finishOne = (status: number): Step =>
  call(`syncline.finish_delivery(o.id, o.token, ${status}, 1, null, null) from syncline.outbox o
          join syncline.webhook_lanes l on l.id = o.lane_id
         where l.sending_until is not null and o.id = (select min(x.id) from syncline.outbox x where x.lane_id = l.id)
         order by o.id limit 1`);

test("no two of those who write, send and operate deadlock", async (t) => {
  const { newPool } = await testDatabase(t);
  const pool = newPool({ max: 4, options: "-c deadlock_timeout=100ms" });
  const { ids, enqueue } = await setUp(pool);
  const steps: Record<string, Step> = {
    enqueue: enqueue("stream:1", "stream:2", "stream:3"),
    claim: call("syncline.claim_deliveries(10)"),
    delivered: finishOne(200),
    failed: finishOne(500),
    replay: call("syncline.replay_webhook(o.id) from (select id from syncline.outbox order by id desc limit 20) o"),
    replayMany: call(`syncline.replay_webhooks(${ids.environment})`),
    pause: call("syncline.pause_endpoint(min(id)), syncline.resume_endpoint(min(id)) from syncline.webhook_endpoints"),
    probe: call("syncline.probe_endpoint(id) from (select id from syncline.webhook_endpoints order by id) e"),
  };
  const prepare = async () => {
    await pool.query(
      "delete from syncline.outbox; delete from syncline.webhook_lanes; update syncline.webhook_endpoints set circuit = 'closed', opened_at = null, probe_at = null",
    );
    const db = await pool.connect();
    await enqueue("stream:1", "stream:2", "stream:3", "stream:1")(db);
    await db.query(
      "update syncline.outbox set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now() where id in (select max(id) from syncline.outbox group by url)",
    );
    await db.query("select syncline.claim_deliveries(3)");
    db.release();
  };
  let met = 0;
  for (const [one, first] of Object.entries(steps)) {
    for (const [other, second] of Object.entries(steps)) {
      await prepare();
      const { outcomes, waited } = await meet(pool, first, second);
      assert.deepEqual(outcomes, ["ok", "ok"], `${one}, then ${other}`);
      if (waited) met += 1;
      assert.deepEqual((await pool.query(FORGOTTEN)).rows, [], `${one}, then ${other}`);
    }
  }
  assert.ok(met >= 10, `only ${met} pairs waited for each other`);
});

test("four senders and two writers at once send every webhook, one of a lane at a time, no more than an endpoint may have", async (t) => {
  const random = seeded(t);
  const { newPool, query } = await testDatabase(t);
  const pool = newPool({ max: 8, options: "-c deadlock_timeout=100ms" });
  const { enqueue } = await setUp(pool);
  await query(
    "update syncline.settings set webhook_endpoint_concurrency = 3, webhook_circuit_failures = 1000, webhook_first_retry = '1 ms', webhook_last_retry = '1 ms', webhook_max_attempts = 100",
  );
  const WRITES = 60;
  let writing = 2;
  const write = async () => {
    const db = await pool.connect();
    for (let n = 0; n < WRITES; n++) {
      const lanes = [1, 2, 3, 4].filter(() => random.below(2) === 0).map((lane) => `stream:${lane}`);
      await db.query("begin");
      await enqueue(...lanes)(db);
      await db.query(random.below(5) === 0 ? "rollback" : "commit");
    }
    db.release();
    writing -= 1;
  };
  const underWay = new Map<string, number>();
  const places = new Set<string>();
  const problems: string[] = [];
  const send = async () => {
    for (;;) {
      const done = writing === 0;
      const { rows } = await pool.query(
        "select c.id, c.token, c.url, o.lane from syncline.claim_deliveries(2) c join syncline.outbox o using (id)",
      );
      if (rows.length === 0 && done && (await pool.query("select from syncline.webhook_lanes")).rows.length === 0)
        return;
      for (const { url, lane } of rows) {
        const place = `${url} ${lane}`;
        if (places.has(place)) problems.push(`two of ${place}`);
        places.add(place);
        underWay.set(url, (underWay.get(url) ?? 0) + 1);
        if (underWay.get(url)! > 3) problems.push(`too many to ${url}`);
      }
      for (const { id, token, url, lane } of rows) {
        // Said before the answer is written: from then on others may take the lane.
        places.delete(`${url} ${lane}`);
        underWay.set(url, underWay.get(url)! - 1);
        await pool.query("select syncline.finish_delivery($1, $2, $3, 1, null, null)", [
          id,
          token,
          random.below(4) === 0 ? 500 : 200,
        ]);
      }
    }
  };
  await Promise.all([write(), write(), send(), send(), send(), send()]);
  assert.deepEqual(problems, []);
  assert.deepEqual(await query("select distinct state from syncline.outbox"), [{ state: "delivered" }]);
  const late = await query(`
    select from syncline.outbox o join syncline.outbox x on x.url = o.url and x.lane = o.lane and x.id > o.id and x.ended_at < o.ended_at`);
  assert.deepEqual(late, [], "in the order of their ids");
  const [server] = await query("select deadlocks from pg_stat_database where datname = current_database()");
  assert.equal(server!.deadlocks, 0);
});
