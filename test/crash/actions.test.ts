// A worker is killed while it runs an asynchronous action: none is lost, and none runs beside another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testEngine } from "../helpers/engine.ts";
import { startProcess } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { endLeasesOf, LONG_LEASE, workerEnv } from "./refresh.ts";

const ACTIONS = 6;
const KILLS = 2;

const ASK = `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({ description: "Asks the provider", version: "1.0.0", input: z.number(), output: z.number(), exec: async (nango, input) => {
  await nango.get({ endpoint: "/v1/contacts", params: { limit: 1, who: "action" + input } });
  return input;
} });
`;

test("killed workers lose no asynchronous action: each ends with its result, or with worker_lost when its tries are used up", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 1 }, pageDelayMs: 400 });
  const { db, environment, provider } = engine;
  await engine.deploy({ "acme/actions/ask.ts": ASK });
  const connection = await engine.connect("one");
  await db.query("update syncline.settings set lease = $1", [LONG_LEASE]);
  const { actions } = await engine.startExecutor();
  const asked: { uid: string; input: number; maxRetries: number }[] = [];
  for (let input = 0; input < ACTIONS; input++) {
    const maxRetries = input % 2;
    const uid = await actions.ask({ environment, connection, name: "ask", input, maxRetries, key: null });
    asked.push({ uid, input, maxRetries });
  }

  // Not waited for: while one starts, the other would run all that is left, and the next kill would find nothing.
  const start = () => startProcess(t, { args: ["src/cli.ts", "start"], env: { PORT: "0", ...workerEnv(db.url) } });
  const workers = [start(), start()];
  const seen = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    const pid = await until(
      "another action runs",
      async () => {
        const [run] = await db.query(
          "select id, split_part(worker, ':', 2) as pid from syncline.runs where state = 'running'",
        );
        if (run === undefined || seen.has(run.id)) return undefined;
        seen.add(run.id);
        return Number(run.pid);
      },
      60_000,
    );
    const victim = workers.find((one) => one.pid === pid)!;
    victim.kill("SIGKILL");
    await victim.exited;
    await endLeasesOf(db, pid);
    if (kill < KILLS - 1) workers.push(start());
  }
  const open = "select from syncline.actions where ended_at is null";
  await until("all have ended", async () => (await db.query(open)).length === 0, 60_000);

  let lost = 0;
  for (const { uid, input, maxRetries } of asked) {
    const [row] = await db.query(
      "select state, attempts, error ->> 'type' as error from syncline.actions where uid = $1",
      [uid],
    );
    const calls = provider.stats.pages.filter(
      ({ query }) => new URLSearchParams(query).get("who") === `action${input}`,
    );
    assert.ok(calls.length <= row!.attempts && row!.attempts <= maxRetries + 1, JSON.stringify(row));
    if (row!.state === "succeeded") {
      assert.deepEqual(await actions.resultOf({ environment, uid }), { value: input });
      continue;
    }
    assert.deepEqual(row, { state: "failed", attempts: maxRetries + 1, error: "worker_lost" });
    await assert.rejects(actions.resultOf({ environment, uid }), { code: "worker_lost" });
    lost += 1;
  }
  assert.ok(lost <= KILLS, `${lost} lost`);
  const beside = "select from syncline.runs a join syncline.runs b on a.id < b.id and b.started_at < a.finished_at";
  assert.equal((await db.query(beside)).length, 0, "two ran at the same time");
  const killed = "select from syncline.runs where error ->> 'type' = 'worker_lost'";
  const taken = (await db.query(killed)).length;
  assert.ok(taken > 0 && taken <= KILLS, `${taken} runs lost their worker`); // one may have ended just before the kill
});
