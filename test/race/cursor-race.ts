// The race behind the cursor's promise: writers that dawdle, take back and are killed on one stream, one reader by cursor.
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { decodeCursor } from "../../src/db/cursor.ts";
import { readPage } from "../../src/db/read-page.ts";
import { cancelRun, claimRun, createRun } from "../../src/db/runs.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
import { startProcess, type TestProcess } from "../helpers/processes.ts";
import type { Seeded } from "../helpers/seed.ts";

const WRITER = "test/race/cursor-writer.ts";
const WRITERS = 8;
const MOST_A_PAGE = 400;

const FUNCTION = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Declares the model; its runs are worked on by hand",
  version: "1.0.0", frequency: "every day", autoStart: false,
  models: { Contact: z.object({ id: z.string() }) },
  exec: async () => {},
});
`;

export type RaceReport = {
  commits: number;
  rollbacks: number;
  kills: number;
  /** Changes the reader saw. */
  seen: number;
  /** Of those, while the foreign transaction was open. */
  seenBesideForeign: number;
  /** Records whose latest change the reader never saw, or saw otherwise than it is stored. */
  missed: number;
  /** Positions the reader saw twice. */
  doubled: number;
  /** Changes at a position before one that was seen earlier. */
  disordered: number;
};

type Seen = { pos: number; text: string };

const createReader = (engine: Engine, connection: number, random: Seeded) => {
  const latest = new Map<string, Seen>();
  const positions = new Set<number>();
  const counts = { seen: 0, doubled: 0, disordered: 0 };
  let cursor: string | undefined;
  let last = -1;

  /** One page; how many records it had. */
  const step = async (): Promise<number> => {
    const limit = 1 + random.below(MOST_A_PAGE);
    const page = { connection, model: "Contact", variant: "base", cursor, limit };
    const { body } = await readPage({ db: engine.db.pool, keys: engine.keys })(page);
    const { records } = JSON.parse(body) as { records: { id: string; _nango_metadata: { cursor: string } }[] };
    for (const record of records) {
      cursor = record._nango_metadata.cursor;
      const { pos } = decodeCursor(cursor);
      counts.seen += 1;
      if (positions.has(pos)) counts.doubled += 1;
      else if (pos < last) counts.disordered += 1;
      positions.add(pos);
      last = pos;
      latest.set(record.id, { pos, text: JSON.stringify(record) });
    }
    return records.length;
  };
  return { step, latest, counts };
};

/**
 * Race for `ms`, and on until there were `leastCommits` and `leastKills`, which takes a busy machine longer. `beforehand` may
 * change the database first; a foreign transaction stays open for `foreignMs` meanwhile.
 */
export const raceCursor = async (
  t: TestContext,
  random: Seeded,
  o: {
    ms: number;
    killEveryMs: number;
    leastCommits?: number;
    leastKills?: number;
    foreignMs?: number;
    beforehand?: string;
  },
): Promise<RaceReport> => {
  const engine = await testEngine(t, { rows: {} });
  const { pool, url } = engine.db;
  await engine.deploy({ "acme/syncs/writer.ts": FUNCTION });
  const connection = await engine.connect("one");
  if (o.beforehand !== undefined) await pool.query(o.beforehand);
  const syncs = await engine.db.query(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency)
     select s.environment_id, s.connection_id, s.function_id, 'writer-' || n, 'paused', s.frequency
       from syncline.syncs s, generate_series(1, $1) n returning id`,
    [WRITERS],
  );
  const processes: TestProcess[] = [];
  const startWriter = async (sync: number): Promise<{ sync: number; run: number; writer: TestProcess }> => {
    const run = (await createRun(pool, { sync, origin: "trigger", emptyCache: false }))!;
    const { token } = (await claimRun(pool, { worker: `writer ${sync}` }))!;
    const argument = JSON.stringify({ url, run, token, connection, seed: random.below(2 ** 31) });
    const writer = startProcess(t, { args: [WRITER, argument] });
    processes.push(writer);
    return { sync, run, writer };
  };
  const writers: Awaited<ReturnType<typeof startWriter>>[] = [];
  for (const { id } of syncs) writers.push(await startWriter(id));
  const hasStarted = ({ writer }: { writer: TestProcess }) => writer.line(({ did }) => did === "start");
  await Promise.all(writers.map(hasStarted));

  const reader = createReader(engine, connection, random);
  const did = (what: string) => processes.flatMap(({ lines }) => lines).filter((line) => line.did === what).length;
  const { leastCommits = 0, leastKills = 0 } = o;
  const deadline = performance.now() + o.ms;
  const isOver = () => performance.now() > deadline && kills >= leastKills && did("commit") >= leastCommits;
  let kills = 0;
  const killing = (async () => {
    while (!isOver()) {
      await pause(random.below(2 * o.killEveryMs));
      const at = random.below(writers.length);
      const { sync, run, writer } = writers[at]!;
      writer.kill("SIGKILL");
      if ((await writer.exited) !== "SIGKILL") throw new Error(`a writer ended by itself:\n${writer.output()}`);
      kills += 1;
      await cancelRun(pool, { run });
      writers[at] = await startWriter(sync);
      await hasStarted(writers[at]);
    }
  })();
  const reading = (async () => {
    while (!isOver()) if ((await reader.step()) === 0) await pause(1);
  })();
  let seenBesideForeign = 0;
  const standing = (async () => {
    if (o.foreignMs === undefined) return;
    const client = await pool.connect();
    await client.query("begin");
    await client.query("create table public.foreign_work (id int)");
    const before = reader.counts.seen;
    await pause(o.foreignMs);
    seenBesideForeign = reader.counts.seen - before;
    await client.query("commit");
    client.release();
  })();
  await Promise.all([killing, reading, standing]);

  for (const { writer } of writers) writer.end();
  for (const { writer } of writers) {
    if ((await writer.exited) !== 0) throw new Error(`a writer ended by itself:\n${writer.output()}`);
  }
  while ((await reader.step()) > 0);
  const stored = await engine.records(connection, "Contact");
  const missed = stored.filter((record) => reader.latest.get(record.id)?.text !== JSON.stringify(record)).length;
  return { commits: did("commit"), rollbacks: did("rollback"), kills, ...reader.counts, seenBesideForeign, missed };
};
