// Rounds in which the provider changes, fails and cuts short while workers are killed; after each, when all is quiet, the
// records are the provider's, and whoever follows the change feed has the same.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { FaultRule } from "../../src/bundled-provider/faults.ts";
import { canonicalJson } from "../../src/crypto/canonical-json.ts";
import { readPage } from "../../src/db/read-page.ts";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { workerEnv } from "../crash/refresh.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { MIRRORS, MODELS } from "./mirrored.ts";

// Waits of the default back-off would make a round take seconds, so what is tried again is told to come back at once.
const FAULTS: FaultRule[] = [
  { kind: 503, path: "/v1/contacts", ms: 0, probability: 0.4, times: 3 },
  { kind: 429, path: "/v1/contacts", ms: 0, every: 2, times: 2 },
  { kind: 500, path: "/v1/deleted", times: 1 },
  { kind: "truncate", path: "/v1/deleted", times: 1 },
  { kind: 502, path: "/v1/tickets", after: 1, times: 1 },
  { kind: "truncate", path: "/v1/tickets", after: 2, times: 1 },
  { kind: "reset", path: "/v1/tickets", probability: 0.3, times: 1 },
  { kind: "timeout:20", path: "/v1/tickets", after: 3, times: 1 },
  { kind: "reset", path: "/v1/companies", after: 1, times: 1 },
  { kind: "slow:30", path: "/v1/companies", probability: 0.5, times: 3 },
];

export type OracleReport = {
  rounds: number;
  edits: number;
  kills: number;
  stops: number;
  cuts: number;
  interrupted: number;
  failed: number;
  faults: number;
};

type Row = { id: string; _nango_metadata: { last_action: string; cursor: string } };

const ROWS = { contacts: 70, companies: 50, tickets: 90 };

/** A receiver of webhooks that is content with everything; its URL. */
const receiver = async (t: TestContext): Promise<string> => {
  const server = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

/** Make the engine; the returned functions do one round, and say what happened in all. */
export const oracleRounds = async (t: TestContext, random: Seeded) => {
  const engine = await testEngine(t, { rows: ROWS, seed: random.seed });
  const { db, provider, keys } = engine;
  const { world, faults, betweenPages, stats } = provider;
  await engine.deploy(MIRRORS);
  const connection = await engine.connect("one");
  await db.query("update syncline.settings set lease = '1 s'");
  await db.query("update syncline.environments set webhook_url_primary = $1", [await receiver(t)]);
  const syncs = await db.query("select id, name from syncline.syncs order by id");
  const start = () => startSyncline(t, workerEnv(db.url));
  let worker = await start();
  const done = { rounds: 0, edits: 0, kills: 0, stops: 0, cuts: 0 };

  const slice = (text: string) => db.query("update syncline.settings set time_slice = $1", [text]);
  const trigger = async (names: string[]): Promise<void> => {
    for (const { id, name } of syncs) {
      if (names.includes(name)) await createRun(db.pool, { sync: id, origin: "trigger", emptyCache: false });
    }
  };
  const everything = syncs.map(({ name }) => name as string);
  const hasCheckpoint = async (name: string): Promise<boolean> =>
    (await db.query("select from syncline.checkpoints where name = $1", [name])).length > 0;

  const disturb = async (): Promise<void> => {
    await pause(random.below(150));
    if (random.chance(0.4)) {
      done.cuts += 1;
      await db.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like $1",
        [`syncline % ${worker.pid}`],
      );
      return;
    }
    const isKill = random.chance(0.6);
    worker.kill(isKill ? "SIGKILL" : "SIGTERM");
    assert.equal(await worker.exited, isKill ? "SIGKILL" : 0);
    done[isKill ? "kills" : "stops"] += 1;
    worker = await start();
  };

  const storm = async (): Promise<void> => {
    for (const { kind } of MODELS) done.edits += world.edit({ kind, count: random.below(7) }).length;
    if (random.chance(0.5)) betweenPages.set({ count: 1 + random.below(2), times: 1 + random.below(8) });
    for (let left = random.below(4); left > 0; left -= 1) faults.add(random.pick(FAULTS));
    if (random.chance(0.3)) await slice(`${1 + random.below(40)} ms`);
    await trigger(everything);
    if (random.chance(0.08)) await disturb();
    await engine.quiet();
  };

  const calm = async (): Promise<void> => {
    faults.clear();
    betweenPages.set(null);
    await slice("10 min");
    // A refresh that broke off goes on where it was; only the next one sees everything.
    if (await hasCheckpoint("tickets")) {
      await trigger(["tickets"]);
      await engine.quiet();
    }
    await trigger(everything);
    await engine.quiet();
  };

  const followers = new Map(
    MODELS.map(({ model }) => [model, { cursor: undefined as string | undefined, rows: new Map<string, string>() }]),
  );
  /** Apply what came after the follower's cursor, in pages of random size. */
  const follow = async (
    model: string,
    follower: { cursor: string | undefined; rows: Map<string, string> },
  ): Promise<void> => {
    for (;;) {
      const page = { connection, model, variant: "base", cursor: follower.cursor, limit: 1 + random.below(60) };
      const { records } = JSON.parse((await readPage({ db: db.pool, keys })(page)).body) as { records: Row[] };
      if (records.length === 0) return;
      for (const {
        _nango_metadata: { last_action, cursor },
        ...row
      } of records) {
        if (last_action === "DELETED") follower.rows.delete(row.id);
        else follower.rows.set(row.id, canonicalJson(row));
        follower.cursor = cursor;
      }
    }
  };
  // Each change is told by exactly one webhook, whatever became of the run that made it.
  const checkTold = async (): Promise<void> => {
    const wrong = await db.query(
      `select t.model, t.records, t.pending_since, told.added, told.updated, told.deleted, made.*
         from syncline.streams t
        cross join lateral (
          select coalesce(sum((o.body -> 'responseResults' ->> 'added')::int), 0) as added,
                 coalesce(sum((o.body -> 'responseResults' ->> 'updated')::int), 0) as updated,
                 coalesce(sum((o.body -> 'responseResults' ->> 'deleted')::int), 0) as deleted
            from syncline.outbox o where o.kind = 'sync' and o.body ->> 'model' = t.model) told
        cross join lateral (
          select sum(c.added) as run_added, sum(c.updated) as run_updated, sum(c.deleted) as run_deleted
            from syncline.run_streams c where c.stream_id = t.id) made
        where t.pending_since is not null or told.added - told.deleted <> t.records
           or (told.added, told.updated, told.deleted) is distinct from (made.run_added, made.run_updated, made.run_deleted)`,
    );
    assert.deepEqual(wrong, [], `webhooks of round ${done.rounds}`);
  };

  const inOrder = (rows: Iterable<string>): string[] => [...rows].sort();

  const compare = async (): Promise<void> => {
    for (const { model, kind } of MODELS) {
      const truth = inOrder([...world.rows(kind)].map((row) => canonicalJson(row)));
      const stored = await engine.live(connection, model);
      assert.deepEqual(inOrder(stored.map((row) => canonicalJson(row))), truth, `${model} in round ${done.rounds}`);
      const follower = followers.get(model)!;
      await follow(model, follower);
      assert.deepEqual(inOrder(follower.rows.values()), truth, `${model} followed in round ${done.rounds}`);
      const fresh = { cursor: undefined, rows: new Map<string, string>() };
      await follow(model, fresh);
      assert.deepEqual(inOrder(fresh.rows.values()), truth, `${model} replayed in round ${done.rounds}`);
    }
  };

  const round = async (): Promise<void> => {
    done.rounds += 1;
    await storm();
    await calm();
    await compare();
    await checkTold();
    if (done.rounds % 10 === 0) assert.deepEqual(await checkInvariants(db.pool, {}), []);
  };

  const report = async (): Promise<OracleReport> => {
    const [server] = await db.query("select deadlocks from pg_stat_database where datname = current_database()");
    assert.equal(server!.deadlocks, 0);
    const count = async (state: string): Promise<number> =>
      (await db.query("select count(*)::int as count from syncline.runs where state = $1", [state]))[0]!.count;
    const faultsDone = Object.values(stats.faults).reduce((sum, times) => sum + times, 0);
    return { ...done, interrupted: await count("interrupted"), failed: await count("failed"), faults: faultsDone };
  };
  return { round, report };
};
