// Polling and webhooks race on the same records: two syncs of one connection, one for each merging strategy, are polled
// without a pause while the provider tells of each edit, twice or late at times, answers badly and slowly, and workers die.
// Every version of every record is kept, so that afterwards each write can be held against the one it replaced.
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Edit } from "../../src/bundled-provider/world.ts";
import { open } from "../../src/crypto/seal.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { workerEnv } from "../crash/refresh.ts";
import { TEST_API_KEY, testEngine } from "../helpers/engine.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";

const ROWS = 200;
const ROWS_A_PAGE = 40;
const EDITS_AT_ONCE = 2;
const MS_BETWEEN_EDITS = 200;
const KILL_EVERY_MS = 12_000;
const SECRET = "acme-signs-with-this";

export const STRATEGIES = ["override", "ignore_if_modified_after"] as const;
export type Strategy = (typeof STRATEGIES)[number];

const MODEL: Record<Strategy, string> = { override: "Hasty", ignore_if_modified_after: "Careful" };

/** All pages are read before the first is saved: what is saved is as old as the run. */
const syncOf = (strategy: Strategy): string => `
import { createSync } from "syncline";
import * as z from "zod";
const Contact = z.object({ id: z.string(), email: z.string(), updated_at: z.string() });
const pick = ({ id, email, updated_at }) => ({ id, email, updated_at });
const model = "${MODEL[strategy]}";
export default createSync({
  description: "Contacts by polling and by webhooks", version: "1.0.0", frequency: "every day", autoStart: false,
  history: true, models: { ${MODEL[strategy]}: Contact }, webhookSubscriptions: ["*"],
  exec: async (nango) => {
    await nango.setMergingStrategy({ strategy: "${strategy}" }, model);
    await nango.trackDeletesStart(model);
    const pages = [];
    for (let cursor = ""; cursor !== null; ) {
      const params = { limit: ${ROWS_A_PAGE}, ...(cursor && { cursor }) };
      const { data } = await nango.get({ endpoint: "/v1/contacts", params, retries: 10 });
      pages.push(data.data.map(pick));
      cursor = data.next_cursor ?? null;
    }
    for (const page of pages) await nango.batchSave(page, model);
    await nango.trackDeletesEnd(model);
  },
  onWebhook: async (nango, { type, object_id, data }) => {
    if (type.endsWith(".deleted")) await nango.batchDelete([{ id: object_id }], model);
    else await nango.batchSave([pick(data)], model);
  },
});
`;

type Version = { external_id: string; pos: string; last_action: string; kind: string; payload: Buffer | null };

/** How a record was written: by what, and which state of the provider's row it was; null: deleted. */
type Write = { kind: string; updatedAt: string | null };

export type Outcome = {
  /** Polls that overwrote what a webhook had told later: with an older state, or with one that was deleted by then. */
  clobbered: number;
  /** Records that a poll deleted though the provider never did. */
  wronglyDeleted: number;
  polls: number;
  webhooks: number;
};

const outcomeOf = (
  byRecord: Map<string, Write[]>,
  deletedIds: Set<string>,
): Pick<Outcome, "clobbered" | "wronglyDeleted"> => {
  const found = { clobbered: 0, wronglyDeleted: 0 };
  for (const [id, writes] of byRecord) {
    for (const [at, write] of writes.entries()) {
      if (write.kind !== "sync") continue;
      if (write.updatedAt === null && !deletedIds.has(id)) found.wronglyDeleted += 1;
      const before = writes[at - 1];
      if (before?.kind !== "webhook" || write.updatedAt === null) continue;
      if (before.updatedAt === null || write.updatedAt < before.updatedAt) found.clobbered += 1;
    }
  }
  return found;
};

/** Start everything; `race(ms)` lets polls and webhooks race so long, waits until all is quiet and says what happened. */
export const realtimeRace = async (t: TestContext, random: Seeded) => {
  const engine = await testEngine(t, { rows: { contacts: ROWS }, pageDelayMs: 100, seed: random.seed });
  const { db, provider, keys } = engine;
  const env = workerEnv(db.url);
  const api = await startSyncline(t, { ...env, SYNCLINE_ROLE: "api" });
  const startWorker = (): Promise<TestProcess> => startSyncline(t, env);
  const workers = await Promise.all([startWorker(), startWorker()]);
  const { url } = (await api.line(({ event }) => event === "server.started")) as unknown as { url: string };

  const call = async (method: string, path: string, body: object): Promise<void> => {
    const headers = { authorization: `Bearer ${TEST_API_KEY}`, "content-type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };

  await engine.deploy(
    Object.fromEntries(STRATEGIES.map((one) => [`acme/syncs/${MODEL[one].toLowerCase()}.ts`, syncOf(one)])),
  );
  const connection = await engine.connect("one");
  await call("PATCH", "/integrations/acme", { custom: { webhookSecret: SECRET } });
  await db.query("update syncline.settings set lease = '2 s', max_run_attempts = 100, webhook_call_attempts = 100");
  await db.query("update syncline.syncs set delete_limit_share = null");
  const [environment] = await db.query("select uid from syncline.environments where id = $1", [engine.environment]);
  provider.webhooks.add({
    url: `${url}/webhook/${environment!.uid}/acme`,
    secret: SECRET,
    kinds: ["contacts"],
    duplicate: 0.1,
    reorder: 0.1,
  });

  const deletedIds = new Set<string>();
  provider.world.onEdit((edit: Edit) => edit.action === "deleted" && deletedIds.add(edit.id));

  const poll = (): Promise<void> =>
    call("POST", "/sync/trigger", {
      syncs: STRATEGIES.map((one) => MODEL[one].toLowerCase()),
      provider_config_key: "acme",
      connection_id: "one",
    });
  const isIdle = async (): Promise<boolean> => {
    const open = `select from syncline.runs where state in ('ready', 'running')
      union all select from syncline.inbox where state = 'waiting' union all select from syncline.webhook_calls where ended_at is null`;
    return (await db.query(open)).length === 0;
  };

  const misbehave = (): void => {
    provider.faults.add({ kind: "503", path: "/v1/contacts", probability: 0.03 });
    provider.faults.add({ kind: "reset", path: "/v1/contacts", probability: 0.01 });
    provider.faults.add({ kind: "truncate", path: "/v1/contacts", probability: 0.01 });
    provider.faults.add({ kind: "slow:200", path: "/v1/contacts", probability: 0.1 });
  };

  const killNow = async (): Promise<void> => {
    const victim = random.below(workers.length);
    workers[victim]!.kill("SIGKILL");
    await workers[victim]!.exited;
    workers[victim] = await startWorker();
  };

  /** Edits, polls and kills, side by side. */
  const storm = async (ms: number): Promise<{ kills: number; edits: number }> => {
    const until = performance.now() + ms;
    const goesOn = (): boolean => performance.now() < until;
    const done = { kills: 0, edits: 0 };
    const edit = async (): Promise<void> => {
      while (goesOn()) {
        done.edits += provider.world.edit({ kind: "contacts", count: EDITS_AT_ONCE }).length;
        await pause(MS_BETWEEN_EDITS);
      }
    };
    const pollOn = async (): Promise<void> => {
      while (goesOn()) {
        await poll();
        await pause(50);
      }
    };
    const kill = async (): Promise<void> => {
      while (goesOn()) {
        await pause(Math.min(KILL_EVERY_MS, ms / 2));
        if (done.kills > 0 && !goesOn()) return; // the last moments need no other worker
        await killNow();
        done.kills += 1;
      }
    };
    await Promise.all([edit(), pollOn(), kill()]);
    return done;
  };

  const versions = async (model: string): Promise<Map<string, Write[]>> => {
    const rows = await db.query(
      `select v.external_id, v.pos, v.last_action, r.kind, v.payload, t.id as stream
         from syncline.streams t
         join (select stream_id, external_id, pos, last_action, run_id, payload from syncline.record_versions
               union all select stream_id, external_id, pos, last_action, run_id, payload from syncline.records) v on v.stream_id = t.id
         join syncline.runs r on r.id = v.run_id
        where t.connection_id = $1 and t.model = $2
        order by v.external_id, v.pos`,
      [connection, model],
    );
    const key = await keys.ofConnection(connection);
    const found = new Map<string, Write[]>();
    for (const row of rows as unknown as (Version & { stream: number })[]) {
      const isDeleted = row.last_action === "D";
      const text = isDeleted ? null : open(key, row.payload!, sealPlace(row.stream, row.external_id));
      const writes = found.get(row.external_id) ?? [];
      writes.push({ kind: row.kind, updatedAt: text === null ? null : JSON.parse(text).updated_at });
      found.set(row.external_id, writes);
    }
    return found;
  };

  const race = async (ms: number) => {
    misbehave();
    const done = await storm(ms);
    provider.faults.clear();
    await provider.webhooks.settled();
    await until("all webhooks are handled", isIdle, 120_000);
    await poll();
    await until("the last poll is done", isIdle, 60_000);
    const truth = [...provider.world.rows("contacts")].map(({ id, email, updated_at }) => ({ id, email, updated_at }));
    const outcomes = {} as Record<Strategy, Outcome & { records: object[] }>;
    for (const strategy of STRATEGIES) {
      const [counts] = await db.query(
        `select count(*) filter (where r.kind = 'sync')::int as polls, count(*) filter (where r.kind = 'webhook')::int as webhooks
           from syncline.runs r join syncline.syncs s on s.id = r.sync_id where s.name = $1 and r.state = 'succeeded'`,
        [MODEL[strategy].toLowerCase()],
      );
      outcomes[strategy] = {
        ...outcomeOf(await versions(MODEL[strategy]), deletedIds),
        ...(counts as { polls: number; webhooks: number }),
        records: await engine.live(connection, MODEL[strategy]),
      };
    }
    return { ...done, truth, outcomes, stats: provider.stats };
  };
  return { race };
};
