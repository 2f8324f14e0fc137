// For whom the database is asked: the audit log (sql/06_audit.sql) reads it in the transaction that changes something, so it
// has to be told there. Whoever acts for nobody in particular, which is nearly everything, pays nothing.
import { AsyncLocalStorage } from "node:async_hooks";
import pg from "pg";
import type { Pool } from "./pool.ts";

/** Who changes something. `id` is the number of the key, session or run; names are looked up when they are needed. */
export type Actor = {
  kind: "api_key" | "account_key" | "connect_session" | "run" | "graphql";
  id: string | null;
  /** Where the request came from. */
  ip?: string | undefined;
};

const acting = new AsyncLocalStorage<string>();

/** Everything that `work` changes, and what goes on after it, is written down as done by this one. */
export const actingFor = <T>(actor: Actor, work: () => T): T => acting.run(JSON.stringify(actor), work);

/** Whether somebody is acted for here. */
export const isActing = (): boolean => acting.getStore() !== undefined;

// One message for both: the setting costs no round trip of its own.
const begin = (): string => {
  const actor = acting.getStore();
  return actor === undefined ? "begin" : `begin; set local syncline.actor = ${pg.escapeLiteral(actor)}`;
};

/** `work` in one transaction that says who acts: committed when it resolves, rolled back when it rejects. */
export const onceInTransaction = async <T>(pool: Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin());
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken);
  }
};
