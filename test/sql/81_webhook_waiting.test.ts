// 81_webhook_waiting.sql: why a webhook has not arrived.
import assert from "node:assert/strict";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const why = async (w: World, id: number) =>
  (await w.q("select reason, detail, remedy from syncline.why_webhook_waits($1)", [id])) as {
    reason: string;
    detail: string;
    remedy: string | null;
  }[];
const reasons = async (w: World, id: number) => (await why(w, id)).map(({ reason }) => reason);

const enqueue = async (w: World, lane: string | null = null): Promise<number> => {
  const { environment } = await makeSync(w);
  await w.q("update syncline.environments set webhook_url_primary = 'https://app.example/h' where id = $1", [
    environment,
  ]);
  await w.q("select syncline.enqueue_webhook($1, null, null, 'auth', '{}', $2)", [environment, lane]);
  return (await w.q("select max(id)::int as id from syncline.outbox"))[0]!.id as number;
};

const fail = async (w: World, status: number, retryAfter: string | null = null) => {
  const [taken] = await w.q("select id, token from syncline.claim_deliveries(1)");
  await w.q("select syncline.finish_delivery($1, $2, $3, 5, null, $4)", [taken!.id, taken!.token, status, retryAfter]);
};

sqlTests("81_webhook_waiting", {
  "one that is due says whether a worker is there, one that is taken that it is on its way": async (w) => {
    const id = await enqueue(w);
    assert.deepEqual(await reasons(w, id), ["no worker"]);
    await w.q("insert into syncline.workers (id, pool_ids, heartbeat_at) values ('w', '{p}', syncline.now())");
    assert.deepEqual(await reasons(w, id), ["due"]);
    await w.q("select * from syncline.claim_deliveries(1)");
    assert.deepEqual(await reasons(w, id), ["on its way"]);
  },
  "one that failed says what it met and when it is tried again; one behind it names it": async (w) => {
    const id = await enqueue(w, "auth:1");
    await w.q("update syncline.settings set webhook_circuit_failures = 2");
    await fail(w, 500);
    assert.match((await why(w, id))[0]!.detail, /^in \d+ s; 1 of 8 attempts are made, the last: answer 500$/);
    await w.q(
      "select syncline.enqueue_webhook(environment_id, null, null, 'auth', '{}', 'auth:1') from syncline.outbox where id = $1",
      [id],
    );
    const [behind] = await why(w, id + 1);
    assert.deepEqual(
      [behind?.reason, behind?.remedy],
      ["an earlier one is first", `select * from syncline.why_webhook_waits(${id});`],
    );
    await w.forward("1 min");
    await fail(w, 500);
    assert.deepEqual(await reasons(w, id), ["circuit open", "trying again"]);
    await w.q("select syncline.pause_endpoint(id) from syncline.webhook_endpoints");
    assert.deepEqual(await reasons(w, id + 1), ["endpoint paused", "circuit open", "an earlier one is first"]);
  },
  "one whose receiver asked for a pause says for how long; an end says so; an unknown one is SL002": async (w) => {
    const id = await enqueue(w);
    await fail(w, 429, "1 h");
    const [blocked] = await why(w, id);
    assert.deepEqual(
      [blocked?.reason, blocked?.detail],
      ["endpoint asked to wait", "for 1 h more, by its Retry-After"],
    );
    await w.forward("2 h");
    await fail(w, 410);
    const [dead] = await why(w, id);
    assert.deepEqual([dead?.reason, dead?.detail], ["given up", "0 s ago: answer 410"]);
    await assert.rejects(why(w, 999_999), { code: "SL002" });
  },
});
