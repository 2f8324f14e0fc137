// Events pour in while workers are killed; then what each of them did is counted.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { checkInvariants } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";
import { acceptInto } from "../helpers/inbox.ts";
import { startSyncline } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { endLeasesOf, LONG_LEASE, workerEnv } from "./refresh.ts";

const CONNECTIONS = ["one", "two", "three", "four"];
const MOST_AT_ONCE = 40;

const sync = (model: string, handler: string): string => `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "What webhooks tell", version: "1.0.0", frequency: "every day", autoStart: false,
  models: { ${model}: z.object({ id: z.string() }) }, webhookSubscriptions: ["*"], exec: async () => {},
  ${handler}
});
`;

const FILES = {
  "acme/syncs/single.ts": sync(
    "Single",
    `onWebhook: async (nango, payload) => { await nango.batchSave([payload], "Single"); },`,
  ),
  "acme/syncs/folded.ts": sync(
    "Folded",
    `onWebhookBatch: async (nango, payloads) => { await nango.batchSave(payloads, "Folded"); },`,
  ),
};

const COUNT_ENDS = `
create table ends (call bigint, state text);
create function note_end() returns trigger language plpgsql as $$
begin
  insert into ends values (new.id, new.state);
  return null;
end $$;
create trigger note_end after update of state on syncline.webhook_calls for each row
  when (old.state = 'running' and new.state in ('done', 'failed')) execute function note_end();`;

/** `kills` of two worker processes while `events` come in, each about one of four connections with two syncs that listen. */
export const webhookRounds = async (
  t: TestContext,
  random: Seeded,
  { events, kills }: { events: number; kills: number },
) => {
  const engine = await testEngine(t);
  const { db } = engine;
  await engine.deploy(FILES);
  const connections: number[] = [];
  for (const name of CONNECTIONS) connections.push(await engine.connect(name));
  await db.query("update syncline.settings set lease = $1, max_run_attempts = 100, webhook_call_attempts = 100", [
    LONG_LEASE,
  ]);
  await db.query(
    "update syncline.environments set on_sync_completion_always = false, webhook_url_primary = 'http://127.0.0.1:41299'",
  );
  await db.query("update syncline.integrations set forward_webhooks = false");
  await db.query(COUNT_ENDS);
  const accept = await acceptInto({ pool: db.pool, keys: engine.keys, environment: engine.environment });
  const start = () => startSyncline(t, workerEnv(db.url));
  const workers = await Promise.all([start(), start()]);

  let sent = 0;
  let isKilling = true;
  const pour = async (): Promise<void> => {
    while (sent < events) {
      const count = Math.min(1 + random.below(MOST_AT_ONCE), events - sent);
      const from = sent;
      const made = Array.from({ length: count }, (_, at) => ({
        body: { id: String(from + at) },
        to: CONNECTIONS[(from + at) % CONNECTIONS.length]!,
      }));
      await accept(made);
      sent += count;
      if (isKilling) await pause(random.below(2 * kills * 1_000 * (count / events)));
    }
  };
  const kill = async (): Promise<void> => {
    for (let round = 0; round < kills; round++) {
      await pause(500 + random.below(1_000));
      const victim = random.below(workers.length);
      const { pid, kill, exited } = workers[victim]!;
      kill("SIGKILL");
      await exited;
      await endLeasesOf(db, pid);
      if (round < kills - 1) workers[victim] = await start();
    }
    isKilling = false;
  };
  await Promise.all([pour(), kill()]);
  const open =
    "select from syncline.webhook_calls where ended_at is null union all select from syncline.inbox where state = 'waiting' limit 1";
  await until("every event is handled", async () => (await db.query(open)).length === 0, 60_000 + events * 100);

  assert.deepEqual(await db.query("select state, count(*)::int from syncline.webhook_calls group by 1"), [
    { state: "done", count: 2 * events },
  ]);
  assert.deepEqual(await db.query("select count(distinct call)::int as calls, count(*)::int as ends from ends"), [
    { calls: 2 * events, ends: 2 * events },
  ]);
  for (const [at, connection] of connections.entries()) {
    const expected = Array.from({ length: events }, (_, n) => n).filter((n) => n % CONNECTIONS.length === at);
    for (const model of ["Single", "Folded"]) {
      const records = await engine.records(connection, model); // in the order in which they were stored
      assert.deepEqual(
        records.map(({ id }) => Number(id)),
        expected,
      );
      const [{ head }] = (await db.query(
        "select head::int from syncline.streams where connection_id = $1 and model = $2",
        [connection, model],
      )) as [{ head: number }];
      assert.equal(head, expected.length, "no record was stored twice");
    }
  }
  const [told] = await db.query(
    "select sum((body #>> '{responseResults,added}')::int)::int as added from syncline.outbox where kind = 'sync'",
  );
  assert.equal(told!.added, 2 * events, "each change is told once");
  assert.deepEqual(await checkInvariants(db.pool, {}), []);
  const [taken] = await db.query(
    "select count(*) filter (where attempt > 1)::int as again, count(*)::int as runs from syncline.runs where kind = 'webhook'",
  );
  return taken as { again: number; runs: number };
};
