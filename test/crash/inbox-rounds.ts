// Webhooks pour into two API processes, each many times and in any order, while these are killed. A provider sends again until
// it has an answer; then what is stored is counted. With workers, which are killed as well, what came of it is counted too.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import { sealWebhookSecret } from "../../src/crypto/integration-credentials.ts";
import { updateIntegration } from "../../src/db/integrations.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { workerEnv } from "./refresh.ts";

const AT_ONCE = 100;
const PROCESSES = 2;
const SECRET = "canary-webhook-secret";

const SEEN = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "What came", version: "1.0.0", frequency: "every day", autoStart: false,
  models: { Seen: z.object({ id: z.string() }) }, webhookSubscriptions: ["contact.updated"],
  exec: async () => {},
  onWebhookBatch: async (nango, payloads) => { await nango.batchSave(payloads.map(({ id }) => ({ id: String(id) })), "Seen"); },
});
`;

const asRequest = (id: number) => {
  const body = JSON.stringify({ type: "contact.updated", id, canary: "canary-body" });
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const headers = { "content-type": "application/json", "x-acme-delivery": `d${id}`, "x-acme-signature": signature };
  return { method: "POST", headers, body };
};

const shuffled = (random: Seeded, count: number, of: number): number[] => {
  const all = Array.from({ length: count }, (_, n) => n % of);
  for (let n = all.length - 1; n > 0; n--) {
    const other = random.below(n + 1);
    [all[n], all[other]] = [all[other]!, all[n]!];
  }
  return all;
};

/** Every webhook was handled once, by one call that was done once, and its record was stored once. */
const checkHandled = async ({ db }: Engine, ids: number): Promise<void> => {
  const open = `select from syncline.inbox where state = 'waiting'
    union all select from syncline.webhook_calls where ended_at is null`;
  await until("all are handled", async () => (await db.query(open)).length === 0, 300_000);
  const [calls] = await db.query(
    "select count(*)::int as all, count(distinct inbox_id)::int as events, count(*) filter (where state = 'done')::int as done from syncline.webhook_calls",
  );
  assert.deepEqual(calls, { all: ids, events: ids, done: ids });
  const [stream] = await db.query("select records::int, head::int from syncline.streams where model = 'Seen'");
  assert.deepEqual(stream, { records: ids, head: ids }); // a second write would have moved the head
};

/**
 * `ids` webhooks, each sent `times`, and `kills` of one of the processes meanwhile; with `workers` of as many of these too, and
 * all must be handled. How often a request got no answer.
 */
export const inboxRounds = async (
  t: TestContext,
  random: Seeded,
  { ids, times, kills, workers = 0 }: { ids: number; times: number; kills: number; workers?: number },
): Promise<{ unanswered: number }> => {
  const engine = await testEngine(t);
  const { db, environment, keys } = engine;
  const secret = await sealWebhookSecret(keys, environment, { uniqueKey: "acme", secret: SECRET });
  const asWas = { newKey: "acme", displayName: null, forwardWebhooks: null, credentialsSealed: null, config: null };
  await updateIntegration(db.pool, {
    environment,
    uniqueKey: "acme",
    ...asWas,
    custom: null,
    webhookSecretSealed: secret,
  });
  const [at] = await db.query("select uid from syncline.environments where id = $1", [environment]);

  type Started = { process: TestProcess; url: string };
  const start = async (): Promise<Started> => {
    const process = await startSyncline(t, { ...workerEnv(db.url), SYNCLINE_ROLE: "api" });
    const { url } = await process.line(({ event }) => event === "server.started");
    return { process, url: `${url}/webhook/${at!.uid}/acme` };
  };
  // Promises: who finds one dead waits for the next, as a hundred that try again without a pause take a core from its start.
  const processes: Promise<Started>[] = Array.from({ length: PROCESSES }, start);
  await Promise.all(processes);
  const startWorker = (): Promise<TestProcess> => startSyncline(t, workerEnv(db.url));
  const working: TestProcess[] = [];
  if (workers > 0) {
    await engine.deploy({ "acme/syncs/seen.ts": SEEN });
    await engine.connect("one");
    await db.query("update syncline.settings set lease = '2 s', max_run_attempts = 100, webhook_call_attempts = 100");
    for (let n = 0; n < workers; n++) working.push(await startWorker());
  }

  const total = ids * times;
  const left = shuffled(random, total, ids);
  const answered = new Map<number, number>();
  const sentAgain = new Set<number>();
  let done = 0;
  let unanswered = 0;
  const sendAll = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { url } = await processes[random.below(PROCESSES)]!;
      try {
        const response = await fetch(url, asRequest(id));
        await response.arrayBuffer();
        assert.equal(response.status, 200);
        answered.set(id, (answered.get(id) ?? 0) + 1);
        done += 1;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        unanswered += 1;
        sentAgain.add(id);
        left.unshift(id);
      }
    }
  };
  const killAll = async (): Promise<void> => {
    for (let kill = 1; kill <= kills; kill++) {
      await until("the next kill is due", () => done >= (total * kill) / (kills + 1), 120_000);
      const place = random.below(PROCESSES);
      const { process } = await processes[place]!;
      process.kill("SIGKILL");
      await process.exited;
      processes[place] = start();
      await processes[place];
      if (workers === 0) continue;
      const victim = random.below(workers);
      working[victim]!.kill("SIGKILL");
      await working[victim]!.exited;
      working[victim] = await startWorker();
    }
  };
  await Promise.all([killAll(), ...Array.from({ length: AT_ONCE }, sendAll)]);

  assert.equal(answered.size, ids);
  if (workers > 0) await checkHandled(engine, ids);
  const rows = await db.query("select x.delivery_id as id, x.verdict, x.state, x.duplicates from syncline.inbox x");
  assert.equal(rows.length, ids);
  assert.equal(new Set(rows.map(({ id }) => id)).size, ids);
  for (const { id, verdict, state, duplicates } of rows) {
    assert.deepEqual([verdict, state], ["verified", workers > 0 ? "handled" : "waiting"]);
    const number = Number(id.slice(1));
    const seen = duplicates + 1;
    // What got no answer may have been stored all the same.
    if (sentAgain.has(number)) assert.ok(seen >= times, `${id} was answered ${times} times and seen ${seen} times`);
    else assert.equal(seen, times, id);
  }
  const written = JSON.stringify([
    await db.query("select row_to_json(x)::text as row from syncline.inbox x"),
    await db.query("select row_to_json(l)::text as row from syncline.logs l"),
    (await Promise.all(processes)).map(({ process }) => process.output()),
  ]);
  assert.doesNotMatch(written, /canary/);
  return { unanswered };
};
