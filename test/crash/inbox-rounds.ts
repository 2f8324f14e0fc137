// Webhooks pour into two API processes, each many times and in any order, while these are killed. A provider sends again until
// it has an answer; then what is stored is counted.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import { sealWebhookSecret } from "../../src/crypto/integration-credentials.ts";
import { updateIntegration } from "../../src/db/integrations.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { workerEnv } from "./refresh.ts";

const AT_ONCE = 100;
const PROCESSES = 2;
const SECRET = "canary-webhook-secret";

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

/** `ids` webhooks, each sent `times`, and `kills` of one of the processes meanwhile. How often a request got no answer. */
export const inboxRounds = async (
  t: TestContext,
  random: Seeded,
  { ids, times, kills }: { ids: number; times: number; kills: number },
): Promise<{ unanswered: number }> => {
  const { db, environment, keys } = await testEngine(t);
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

  const processes: { process: TestProcess; url: string }[] = [];
  const startAt = async (place: number): Promise<void> => {
    const process = await startSyncline(t, { ...workerEnv(db.url), SYNCLINE_ROLE: "api" });
    const { url } = await process.line(({ event }) => event === "server.started");
    processes[place] = { process, url: `${url}/webhook/${at!.uid}/acme` };
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, place) => startAt(place)));

  const total = ids * times;
  const left = shuffled(random, total, ids);
  const answered = new Map<number, number>();
  const sentAgain = new Set<number>();
  let done = 0;
  let unanswered = 0;
  const sendAll = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { url } = processes[random.below(PROCESSES)]!;
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
      const { process } = processes[place]!;
      process.kill("SIGKILL");
      await process.exited;
      await startAt(place);
    }
  };
  await Promise.all([killAll(), ...Array.from({ length: AT_ONCE }, sendAll)]);

  assert.equal(answered.size, ids);
  const rows = await db.query("select x.delivery_id as id, x.verdict, x.state, x.duplicates from syncline.inbox x");
  assert.equal(rows.length, ids);
  assert.equal(new Set(rows.map(({ id }) => id)).size, ids);
  for (const { id, verdict, state, duplicates } of rows) {
    assert.deepEqual([verdict, state], ["verified", "waiting"]);
    const number = Number(id.slice(1));
    const seen = duplicates + 1;
    // What got no answer may have been stored all the same.
    if (sentAgain.has(number)) assert.ok(seen >= times, `${id} was answered ${times} times and seen ${seen} times`);
    else assert.equal(seen, times, id);
  }
  const written = JSON.stringify([
    await db.query("select row_to_json(x)::text as row from syncline.inbox x"),
    await db.query("select row_to_json(l)::text as row from syncline.logs l"),
    processes.map(({ process }) => process.output()),
  ]);
  assert.doesNotMatch(written, /canary/);
  return { unanswered };
};
