// Transactions. Deadlocks and serialization failures are tried again as a whole, because retrying inside an aborted
// transaction cannot work.
import pg from "pg";
import { onceInTransaction } from "./actor.ts";
import { translateError } from "./fn.ts";
import type { Pool } from "./pool.ts";

const RETRYABLE = new Set(["40001", "40P01"]);
const ATTEMPTS = 4;

const isRetryable = (error: unknown): boolean => {
  const cause = error instanceof pg.DatabaseError ? error : (error as { cause?: unknown } | null)?.cause;
  return cause instanceof pg.DatabaseError && RETRYABLE.has(cause.code ?? "");
};

/** Calls `work`, which is one transaction that failed as a whole, again (at most 4 times) after a deadlock or serialization failure. */
export const againAfterDeadlock = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isRetryable(error)) throw error;
    }
  }
};

/**
 * Run `work` in one transaction: committed when it resolves, rolled back when it rejects, with its error thrown on.
 * A lost connection is `database_unavailable`; when that hits the commit, nobody knows whether it took effect.
 * After a deadlock or serialization failure `work` is called again (at most 4 times), so it must only touch the database.
 */
export const inTransaction = async <T>(pool: Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> => {
  try {
    return await againAfterDeadlock(() => onceInTransaction(pool, work));
  } catch (error) {
    throw translateError(error);
  }
};
