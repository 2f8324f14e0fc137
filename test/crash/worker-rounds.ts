// Rounds of killing workers: in each the provider's rows change, every connection gets a run, a worker is killed at a random
// moment of it and replaced; then all that was promised is compared.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";
import { audit } from "./audit.ts";
import { endLeasesOf, LONG_LEASE, REFRESH, ROWS_A_PAGE, workerEnv } from "./refresh.ts";

const CONNECTIONS = ["one", "two", "three", "four"];
const ROWS = 300;
const PAGE_DELAY_MS = 60;
const LATEST_KILL_MS = 900;

export type Rounds = {
  rounds: number;
  /** Runs that a killed worker left and another took up. */
  takenUp: number;
  /** Milliseconds from the kill to the last restart of what it left, each round. */
  restartMs: number[];
  /** Pages fetched again because their checkpoint had not committed. */
  again: number;
};

/**
 * Make an engine with two worker processes; the returned function does one round. What a killed worker held comes due when its
 * `lease` ends, or at once where none is given. Each is replaced at once, the last of so many `rounds` only when another follows.
 */
export const workerRounds = async (t: TestContext, random: Seeded, o: { rounds: number; lease?: string }) => {
  const engine = await testEngine(t, { rows: { contacts: ROWS }, pageDelayMs: PAGE_DELAY_MS, seed: random.seed });
  const { db, provider } = engine;
  await engine.deploy({ "acme/syncs/contacts.ts": REFRESH });
  const connections: { id: number; name: string; sync: number }[] = [];
  for (const name of CONNECTIONS) {
    const id = await engine.connect(name);
    const [sync] = await db.query("select id from syncline.syncs where connection_id = $1", [id]);
    connections.push({ id, name, sync: sync!.id });
  }
  await db.query("update syncline.settings set lease = $1", [o.lease ?? LONG_LEASE]);
  const { written, checkOwners } = await audit(db);
  const start = (): Promise<TestProcess> => startSyncline(t, workerEnv(db.url));
  const workers = await Promise.all([start(), start()]);
  let missing: number | undefined;
  const totals: Rounds = { rounds: 0, takenUp: 0, restartMs: [], again: 0 };

  // What one connection's run fetched, against the checkpoints it committed.
  const checkPages = async (name: string, run: number, pages: typeof provider.stats.pages): Promise<void> => {
    const fetched = pages
      .map(({ query }) => new URLSearchParams(query))
      .filter((query) => query.get("who") === name)
      .map((query) => Number(query.get("page")));
    const writes = await written(run);
    const checkpoints = writes
      .filter(({ what }) => /^checkpoints (insert|update)/.test(what))
      .map((w) => w.value!.page);
    const restarts = writes.filter(({ what }) => what === "checkpoints delete").length - 1;
    const last = Math.ceil(provider.world.count("contacts") / ROWS_A_PAGE) - 1;
    const [first] = fetched;
    assert.deepEqual([first, fetched.at(-1)], [0, last], `run ${run} fetched ${fetched}`);
    const steps = fetched.slice(1).map((page, at) => page - fetched[at]!);
    const backward = steps.filter((step) => step !== 0 && step !== 1);
    assert.ok(backward.length <= restarts && backward.every((step) => step === -last), `run ${run} fetched ${fetched}`);
    const once = (restarts + 1) * last;
    assert.equal(checkpoints.length, once, `run ${run} committed ${checkpoints} and fetched ${fetched}`);
    totals.again += steps.filter((step) => step === 0).length;
  };

  const round = async (): Promise<void> => {
    if (missing !== undefined) workers[missing] = await start();
    missing = undefined;
    provider.world.edit({ kind: "contacts", count: 20 });
    const from = provider.stats.pages.length;
    const runs = new Map<number, string>();
    for (const { sync, name } of connections) {
      runs.set((await createRun(db.pool, { sync, origin: "trigger", emptyCache: false }))!, name);
    }
    await pause(random.below(LATEST_KILL_MS));
    const victim = random.below(workers.length);
    const { pid } = workers[victim]!;
    workers[victim]!.kill("SIGKILL");
    assert.equal(await workers[victim]!.exited, "SIGKILL");
    const killedAt = performance.now();
    const replaced = totals.rounds < o.rounds - 1 ? start() : undefined;
    const left = await db.query(
      "select id, token from syncline.runs where state = 'running' and split_part(worker, ':', 2) = $1",
      [String(pid)],
    );
    if (o.lease === undefined) await endLeasesOf(db, pid);
    for (const { id, token } of left) {
      await until(`run ${id} is taken up`, async () => {
        const [run] = await db.query("select state, token from syncline.runs where id = $1", [id]);
        return run!.token > token && run!.state !== "ready";
      });
    }
    if (left.length > 0) totals.restartMs.push(Math.round(performance.now() - killedAt));
    totals.takenUp += left.length;
    await engine.quiet();
    if (replaced === undefined) missing = victim;
    else workers[victim] = await replaced;
    const ended = await db.query("select state, error from syncline.runs where id = any ($1)", [[...runs.keys()]]);
    for (const run of ended) assert.deepEqual(run, { state: "succeeded", error: null });
    const pages = provider.stats.pages.slice(from);
    for (const [run, name] of runs) await checkPages(name, run, pages);
    const truth = [...provider.world.rows("contacts")];
    for (const { id } of connections) assert.deepEqual(await engine.live(id, "Contact"), truth);
    await checkOwners();
    assert.deepEqual(await checkInvariants(db.pool, {}), []);
    const [server] = await db.query("select deadlocks from pg_stat_database where datname = current_database()");
    assert.equal(server!.deadlocks, 0);
    totals.rounds += 1;
  };
  return { round, totals };
};
