// Workers that claim runs at once, in a world whose inserts commit.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import * as runs from "../../src/db/runs.ts";
import { testDatabase } from "../helpers/database.ts";
import { makeSync, type World, worldOn } from "../helpers/world.ts";

/** A world whose inserts commit. */
export const openWorld = async (t: TestContext) => {
  const { newPool } = await testDatabase(t);
  const pool = newPool({ max: 30, options: "-c deadlock_timeout=100ms" });
  const db = await pool.connect();
  t.after(() => db.release());
  return { pool, w: worldOn(db) as World };
};

/** 24 workers claim so many runs, each once, and no sync has two. */
export const claimEachOnce = async (t: TestContext, count: number): Promise<void> => {
  const { pool, w } = await openWorld(t);
  const ids = await makeSync(w);
  await w.q(
    `insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency)
     select $1, $2, $3, 's' || n, 'started', '1 hour' from generate_series(1, $4) n`,
    [ids.environment, ids.connection, ids.function, count],
  );
  await w.q("select count(syncline.create_run(id, 'trigger', false)) from syncline.syncs where name ~ '^s\\d'");
  const claimed: number[] = [];
  const work = async (worker: string): Promise<void> => {
    for (let lease = await runs.claimRun(pool, { worker }); lease; lease = await runs.claimRun(pool, { worker })) {
      claimed.push(lease.id);
    }
  };
  await Promise.all(Array.from({ length: 24 }, (_, n) => work(`w${n}`)));
  assert.deepEqual([claimed.length, new Set(claimed).size], [count, count]);
  assert.equal(
    await w.one("select count(*) from syncline.runs where state = 'running' and token = 1 and attempt = 1"),
    count,
  );
};
