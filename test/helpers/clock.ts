// The clock of one test database. syncline.now() reads the setting syncline.fake_now of its session, so the setting is
// brought up to date on each connection when a pool hands it out; one that is in use keeps its time until it comes back.
import pg from "pg";
import type { Pool } from "../../src/db/pool.ts";

export type TestClock = {
  /** Stop the clock at this time. */
  set: (iso: string) => Promise<void>;
  /** Move it on by an interval as Postgres writes them ("20 s", "1 day"); a clock that ran is stopped first. */
  forward: (interval: string) => Promise<void>;
  /** What syncline.now() says, as ISO text. */
  now: () => Promise<string>;
  /** Let the clock run again. */
  run: () => Promise<void>;
};

type Connect = (done: (error: Error | undefined, client: pg.PoolClient | undefined, release: unknown) => void) => void;

/** The clock for database `name`, and `follow`, which makes a pool's connections obey it. */
export const createTestClock = (o: {
  name: string;
  onServer: (statement: string) => Promise<unknown>;
  pool: () => Pool;
}) => {
  let fakeNow = "";
  const seen = new WeakMap<pg.PoolClient, string>();

  const bringUpToDate = async (client: pg.PoolClient): Promise<void> => {
    if ((seen.get(client) ?? "") === fakeNow) return;
    await client.query("select set_config('syncline.fake_now', $1, false)", [fakeNow]);
    seen.set(client, fakeNow);
  };

  // pool.query calls pool.connect too, with a callback: both ways of calling pass here.
  const follow = (pool: Pool): Pool => {
    const connectPlain = pool.connect.bind(pool) as unknown as Connect & (() => Promise<pg.PoolClient>);
    const checkedOut = async (): Promise<pg.PoolClient> => {
      const client = await connectPlain();
      try {
        await bringUpToDate(client);
        return client;
      } catch (error) {
        client.release(error as Error);
        throw error;
      }
    };
    const connectFollowing = (done?: Parameters<Connect>[0]) => {
      if (done === undefined) return checkedOut();
      checkedOut().then(
        (client) => done(undefined, client, client.release),
        (error: Error) => done(error, undefined, () => {}),
      );
    };
    pool.connect = connectFollowing as Pool["connect"];
    return pool;
  };

  // New sessions of pools that are not ours to wrap, and of other processes, start with the database's setting.
  const store = async (value: string): Promise<void> => {
    const clause = value === "" ? "reset syncline.fake_now" : `set syncline.fake_now = ${pg.escapeLiteral(value)}`;
    await o.onServer(`alter database ${o.name} ${clause}`);
    fakeNow = value;
  };

  const now = async (): Promise<string> => (await o.pool().query("select syncline.now()")).rows[0].now;
  const clock: TestClock = {
    set: store,
    run: () => store(""),
    now,
    forward: async (interval) => {
      const text = "select syncline.now() + $1::interval as later";
      await store((await o.pool().query(text, [interval])).rows[0].later);
    },
  };
  return { clock, follow };
};
