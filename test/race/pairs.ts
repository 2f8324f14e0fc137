// Two calls that truly meet: the first holds its locks in an open transaction until the second waits for them (seen in
// pg_stat_activity) or is through; then the first commits. And a scatter of both at once, many times, from two clients.
import type pg from "pg";
import type { Pool } from "../../src/db/pool.ts";

export type Step = (db: pg.PoolClient) => Promise<unknown>;

/** What a call came to: "ok", or the SQLSTATE it was refused with. */
export type Outcome = string;

const outcomeOf = async (work: Promise<unknown>): Promise<Outcome> => {
  try {
    await work;
    return "ok";
  } catch (error) {
    const { code, where = "", detail = "" } = error as { code?: string; where?: string; detail?: string };
    return code === "40P01" ? `${code} ${detail} ${where}` : (code ?? String(error));
  }
};

const inTx = async (db: pg.PoolClient, step: Step): Promise<Outcome> => {
  await db.query("begin");
  const outcome = await outcomeOf(step(db));
  await db.query(outcome === "ok" ? "commit" : "rollback");
  return outcome;
};

const pidOf = async (db: pg.PoolClient): Promise<number> =>
  (await db.query("select pg_backend_pid() as pid")).rows[0].pid;

/** Run `first`, then `second` beside it, commit the first once the second waits or has ended: the outcomes, and whether it waited. */
export const meet = async (pool: Pool, first: Step, second: Step) => {
  const [a, b, watcher] = [await pool.connect(), await pool.connect(), await pool.connect()];
  try {
    const pid = await pidOf(b);
    await a.query("begin");
    const firstDone = await outcomeOf(first(a));
    let ended = false;
    const secondDone = inTx(b, second).finally(() => {
      ended = true;
    });
    let waited = false;
    while (!ended && !waited) {
      const { rows } = await watcher.query(
        "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1",
        [pid],
      );
      waited = rows[0]?.waits === true;
    }
    await a.query(firstDone === "ok" ? "commit" : "rollback");
    return { outcomes: [firstDone, await secondDone] as const, waited };
  } finally {
    for (const client of [a, b, watcher]) client.release();
  }
};

/** Both in their own transactions, one after the other: a serial result to compare with. */
export const inOrder = async (pool: Pool, first: Step, second: Step): Promise<readonly [Outcome, Outcome]> => {
  const client = await pool.connect();
  try {
    return [await inTx(client, first), await inTx(client, second)];
  } finally {
    client.release();
  }
};

/** Both started at the same moment. */
export const collide = async (pool: Pool, first: Step, second: Step): Promise<readonly [Outcome, Outcome]> => {
  const [a, b] = [await pool.connect(), await pool.connect()];
  try {
    return await Promise.all([inTx(a, first), inTx(b, second)]);
  } finally {
    a.release();
    b.release();
  }
};
