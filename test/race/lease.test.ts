// What the locks of a run must not hold up, and what they must. With more runs to claim: lease.long.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openStream, saveRecords } from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { contents, makeRun, makeSync } from "../helpers/world.ts";
import { claimEachOnce, openWorld } from "./claims.ts";
import { meet } from "./pairs.ts";

test("a save that waits for its stream does not hold up the heartbeat of its worker", async (t) => {
  const { pool, w } = await openWorld(t);
  const { fence, stream } = await makeRun(w);
  const lease = () => w.one("select lease_ends_at from syncline.runs where id = $1", [fence.run]);
  const before = await lease();
  const save = { ...fence, stream, ...contents({ a: "1" }), checkpoint: { page: 1 } };
  const beat = { worker: "w1", pools: [], runs: [fence.run], tokens: [fence.token] };
  const { outcomes, waited } = await meet(
    pool,
    (db) => saveRecords(db, save),
    (db) => runs.heartbeat(db, beat),
  );
  assert.deepEqual([outcomes, waited], [["ok", "ok"], false]);
  assert.ok((await lease()) > before);
});

test("a tick in progress hides no ready run from the worker that its doorbell woke", async (t) => {
  const { pool, w } = await openWorld(t);
  const { sync } = await makeSync(w);
  await runs.createRun(pool, { sync, origin: "trigger", emptyCache: false });
  const ticking = await pool.connect();
  try {
    await ticking.query("begin");
    await runs.tick(ticking, { limit: 10 });
    assert.notEqual(await runs.claimRun(pool, { worker: "w1" }), undefined);
  } finally {
    await ticking.query("rollback");
    ticking.release();
  }
});

test("whatever ends a run waits for the saves before it, and a save after it is refused", async (t) => {
  const { pool, w } = await openWorld(t);
  const enders: [
    string,
    (db: Parameters<typeof runs.finishRun>[0], f: { run: number; token: number }) => Promise<unknown>,
  ][] = [
    ["finish", (db, f) => runs.finishRun(db, f)],
    ["fail", (db, f) => runs.failRun(db, { ...f, error: { message: "x" } })],
    ["interrupt", (db, f) => runs.interruptRun(db, f)],
    ["release", (db, f) => runs.releaseRun(db, f)],
    ["cancel", (db, f) => runs.cancelRun(db, f)],
  ];
  for (const [name, end] of enders) {
    const { fence, stream } = await makeRun(w);
    const save = { ...fence, stream, ...contents({ [name]: "1" }), checkpoint: null };
    // A heartbeat between the save and the end gives the row a newer version: the end must wait for the save all the same.
    const beat = { worker: "w1", pools: [], runs: [fence.run], tokens: [fence.token] };
    const first = await meet(
      pool,
      async (db) => {
        await saveRecords(db, save);
        await runs.heartbeat(pool, beat);
      },
      (db) => end(db, fence),
    );
    assert.deepEqual(first, { outcomes: ["ok", "ok"], waited: true }, name);
    await w.q("delete from syncline.runs where state = 'ready'");
    const other = await makeRun(w);
    const late = { ...other.fence, stream: other.stream, ...contents({ a: "1" }), checkpoint: null };
    const second = await meet(
      pool,
      (db) => end(db, other.fence),
      (db) => saveRecords(db, late),
    );
    assert.deepEqual(second, { outcomes: ["ok", "SL001"], waited: true }, name);
    assert.equal(await w.one("select count(*) from syncline.records where stream_id = $1", [other.stream]), 0);
    await w.q("delete from syncline.runs where state = 'ready'");
  }
});

test("two answers to one run: the first counts, the second is refused, and neither deadlocks", async (t) => {
  const { pool, w } = await openWorld(t);
  for (let round = 0; round < 20; round++) {
    const { fence } = await makeRun(w);
    const answers = await Promise.allSettled(
      [0, 1, 2, 3].map((n) =>
        n % 2 === 0 ? runs.finishRun(pool, fence) : runs.failRun(pool, { ...fence, error: {} }),
      ),
    );
    const codes = answers.map((answer) => (answer.status === "fulfilled" ? "ok" : answer.reason.code)).sort();
    assert.deepEqual(codes, ["SL001", "SL001", "SL001", "ok"]);
  }
});

test("24 workers claim 240 runs, each once, and no sync has two", (t) => claimEachOnce(t, 240));

test("dispatchers at once make one run for each due sync", async (t) => {
  const { pool, w } = await openWorld(t);
  const ids = await makeSync(w);
  await w.q(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency, next_run_at)
     select $1, $2, $3, 's' || n, 'started', '1 hour', now() - interval '1 min' from generate_series(1, 500) n`,
    [ids.environment, ids.connection, ids.function],
  );
  const made = await Promise.all(Array.from({ length: 16 }, () => runs.dispatchDue(pool, { limit: 50 })));
  const rest = await runs.dispatchDue(pool, { limit: 1000 });
  assert.equal(
    made.reduce((sum, count) => sum + count, rest),
    500,
  );
  const doubles = "select count(*) from (select sync_id from syncline.runs group by 1 having count(*) <> 1) d";
  assert.deepEqual([await w.one("select count(*) from syncline.runs"), await w.one(doubles)], [500, 0]);
});

test("a run asked for while the dispatcher makes one: one run, no deadlock", async (t) => {
  const { pool, w } = await openWorld(t);
  for (let round = 0; round < 30; round++) {
    const ids = await makeSync(w, { nextRunAt: "2020-01-01T00:00:00Z" });
    const ask = () => runs.createRun(pool, { sync: ids.sync, origin: "trigger", emptyCache: false });
    await Promise.all([runs.dispatchDue(pool, { limit: 10 }), ask(), ask()]);
    assert.equal(await w.one("select count(*) from syncline.runs where sync_id = $1", [ids.sync]), 1);
  }
});

test("eight writers on one stream: every position once, in order, and last_modified_at never falls", async (t) => {
  const { pool, w } = await openWorld(t);
  const first = await makeRun(w);
  const writers = [first.fence];
  while (writers.length < 8) {
    writers.push((await makeRun(w, { beside: first.ids, sameConnection: true })).fence);
  }
  const seen: { pos: number; at: string }[] = [];
  let writing = true;
  const read = async (): Promise<void> => {
    let after = 0;
    for (let last = false; !last; ) {
      last = !writing;
      const { rows } = await pool.query(
        "select pos, last_modified_at as at from syncline.records where stream_id = $1 and pos > $2 order by pos limit 7",
        [first.stream, after],
      );
      if (rows.length > 0) last = false;
      after = rows.at(-1)?.pos ?? after;
      seen.push(...rows);
    }
  };
  const write = async (fence: { run: number; token: number }, n: number): Promise<void> => {
    const stream = await openStream(pool, { ...fence, model: "Contact" });
    for (let batch = 0; batch < 20; batch++) {
      const rows = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${n}-${batch}-${i}`, "x"]));
      await saveRecords(pool, { ...fence, stream, ...contents(rows), checkpoint: null });
    }
  };
  const reading = read();
  await Promise.all(writers.map(write)).finally(() => {
    writing = false;
  });
  await reading;
  assert.deepEqual(
    seen.map(({ pos }) => pos),
    Array.from({ length: 800 }, (_, i) => i + 1),
    "a reader by position misses nothing",
  );
  const times = seen.map(({ at }) => at);
  assert.deepEqual(times, [...times].sort());
});
