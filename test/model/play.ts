// Plays random histories against the SQL and the model: one round trip per history, in a transaction that is rolled back.
import assert from "node:assert/strict";
import fc from "fast-check";
import type pg from "pg";
import type { TestDatabase } from "../helpers/database.ts";
import { makeSync, worldOn } from "../helpers/world.ts";
import { type Command, createModel, LOOK } from "./life.ts";

const worker = fc.integer({ min: 0, max: 1 });
const sync = fc.integer({ min: 0, max: 1 });
const isAnswerLost = fc.boolean();

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("create" as const, "cancel" as const), sync }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("claim" as const), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("beat" as const, "crash" as const), worker }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "finish" as const,
        "fail" as const,
        "interrupt" as const,
        "release" as const,
        "checkpoint" as const,
      ),
      worker,
      isAnswerLost,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("write" as const), worker, text: fc.constantFrom("x", "y") }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("dispatch" as const, "requeue" as const, "bury" as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("forward" as const),
      seconds: fc.constantFrom(1, 19, 20, 21, 60, 300, 600, 3600),
    }),
  },
);

// Long lived troubles, which single commands seldom make: a worker that dies again and again, one whose run another took,
// slices that end, also without progress, failures in a row.
const die: Command[] = [
  { do: "claim", worker: 0 },
  { do: "crash", worker: 0 },
  { do: "forward", seconds: 300 },
  { do: "requeue" },
  { do: "bury" },
  { do: "forward", seconds: 60 },
];
const poison: Command[] = [{ do: "create", sync: 0 }, ...die, ...die, ...die, ...die, ...die];
const steal: Command[] = [
  { do: "claim", worker: 0 },
  { do: "forward", seconds: 21 },
  { do: "requeue" },
  { do: "claim", worker: 1 },
];
const idle: Command[] = [
  { do: "claim", worker: 0 },
  { do: "interrupt", worker: 0, isAnswerLost: false },
];
const slice: Command[] = [
  { do: "claim", worker: 0 },
  { do: "forward", seconds: 600 },
  { do: "checkpoint", worker: 0, isAnswerLost: false },
];
const fail: Command[] = [
  { do: "create", sync: 0 },
  { do: "claim", worker: 0 },
  { do: "fail", worker: 0, isAnswerLost: false },
];
const chunk = fc.oneof(
  { weight: 12, arbitrary: command.map((one): Command[] => [one]) },
  { weight: 1, arbitrary: fc.constantFrom(poison, die, steal, idle, slice, [...fail, ...fail]) },
);

const histories = fc
  .array(chunk, { minLength: 1, maxLength: 30, size: "max" })
  .map((chunks) => chunks.flat().slice(0, 40));

const TRY = `create function pg_temp.try(p_sql text) returns text language plpgsql as $$
  declare v_answer text;
  begin execute p_sql into v_answer; return v_answer;
  exception when others then return sqlstate; end $$`;

/** A database with the model's two syncs; doorbells are silent, for they carry nothing. */
export const setTable = async ({ pool }: TestDatabase): Promise<pg.PoolClient> => {
  const db = await pool.connect();
  const w = worldOn(db);
  for (const n of [0, 1]) {
    const { environment, connection } = await makeSync(w, {
      frequency: "1 min",
      nextRunAt: `2026-03-01T00:0${n === 0 ? "1:00" : "1:30"}Z`,
      webhookUrl: null,
    });
    const uid = n === 0 ? "00000000-0000-4000-8000-000000000000" : "80000000-0000-4000-8000-000000000000";
    await w.q("update syncline.syncs set uid = $1 where id = (select max(id) from syncline.syncs)", [uid]);
    await w.q("insert into syncline.streams (environment_id, connection_id, model) values ($1, $2, 'Contact')", [
      environment,
      connection,
    ]);
  }
  await w.q(
    "create or replace function syncline.ring(p_task text, p_count int) returns void language sql return null::void",
  );
  await w.q(TRY);
  return db;
};

const play = async (db: pg.PoolClient, history: Command[]): Promise<void> => {
  const model = createModel();
  const steps = history.flatMap((one) => {
    const step = model.step(one);
    return step === undefined ? [] : [step];
  });
  const texts = steps.map(([sql]) => `select pg_temp.try(${db.escapeLiteral(sql)}) as answer`);
  const clock = "select set_config('syncline.fake_now', '2026-03-01Z', true)";
  const results = (await db.query(
    ["begin", clock, ...texts, LOOK, "rollback"].join(";\n"),
  )) as unknown as pg.QueryResult[];
  const answers = results
    .slice(2, -2)
    .map((result) => String(result.rows[0].answer).replace(/^t$/, "true").replace(/^f$/, "false"));
  assert.deepEqual(
    answers,
    steps.map(([, answer]) => String(answer)),
    steps.map(([sql]) => sql).join("\n"),
  );
  assert.deepEqual(results.at(-2)?.rows[0].json_build_object, model.look());
};

/** Compare this many random histories; rejects with the shortest one that differs, and its seed. SYNCLINE_TEST_SEED repeats one. */
export const playMany = (db: pg.PoolClient, numRuns: number, seed = process.env.SYNCLINE_TEST_SEED): Promise<void> =>
  fc.assert(
    fc.asyncProperty(histories, (history) => play(db, history)),
    {
      numRuns,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
    },
  );

/** How many histories it took to find a difference; undefined when none was found. */
export const findDifference = async (db: pg.PoolClient, numRuns: number, seed: number): Promise<number | undefined> => {
  const property = fc.asyncProperty(histories, (history) => play(db, history));
  const found = await fc.check(property, { numRuns, seed, endOnFailure: true });
  return found.failed ? found.numRuns : undefined;
};
