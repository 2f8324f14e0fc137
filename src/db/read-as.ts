// Reading as GraphQL does: as its role, for one environment, in a transaction that can write nothing.
import { takeClient } from "./client.ts";
import { translateError } from "./fn.ts";
import type { Db, Pool } from "./pool.ts";

/** Run `work` as `role`, seeing what `environment` sees; one more round trip before it and one after. */
export const readAs = async <T>(
  pool: Pool,
  { role, environment }: { role: string; environment: number },
  work: (db: Db) => Promise<T>,
): Promise<T> => {
  let broken: unknown;
  const client = await takeClient(pool);
  try {
    await client.query(
      `begin read only; set local role ${role}; set local syncline.environment = ${Number(environment)}`,
    );
    const result = await work(client);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failed) => {
      broken = failed;
    });
    throw translateError(error);
  } finally {
    client.release(broken !== undefined);
  }
};
