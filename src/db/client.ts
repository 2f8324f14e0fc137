// A client of one's own, for what is asked on one connection.
import type { PoolClient } from "pg";
import { translateError } from "./fn.ts";
import type { Pool } from "./pool.ts";

/** Whoever takes it releases it. Rejects with `database_unavailable` when the database is away, as every call does. */
export const takeClient = (pool: Pool): Promise<PoolClient> =>
  pool.connect().catch((error) => {
    throw translateError(error);
  });
