// Undoing a run where payloads can be opened: rows of a table that is delivered into come back in the same transaction.
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Db } from "../db/fn.ts";
import { writeLanding } from "../db/landings.ts";
import type { Pool } from "../db/pool.ts";
import { inTransaction } from "../db/tx.ts";
import { checkRun, type Undone, undoRun as undoInSql, unfilledLandings } from "../db/undo.ts";
import { createRowWriter, fillRows } from "../functions/host/landing.ts";

type Deps = { db: Pool; keys: DataKeys };

const fillAll = async (db: Db, keys: DataKeys, run: number): Promise<void> => {
  for (const { landing: id, table_name: table, columns, stream, connection } of await unfilledLandings(db, { run })) {
    const landing = { id, table, columns };
    const key = await keys.ofConnection(connection);
    const open = { ...landing, toRows: createRowWriter(landing) };
    await fillRows({ db, key, landing: open, stream, write: (page) => writeLanding(db, page) });
  }
};

/**
 * Undo what a finished run of an environment's sync changed, in one transaction with the tables it is delivered into; per
 * model, what was done. Rejects with SL002 for an unknown run, SL005 where it or its sync is live, `delivery_failed`.
 */
export const undoRun =
  ({ db: pool, keys }: Deps) =>
  async ({ environment, run, rewind }: { environment: number; run: number; rewind: boolean }): Promise<Undone[]> =>
    await inTransaction(pool, async (db) => {
      await checkRun(db, { environment, run });
      const undone = await undoInSql(db, { run, rewind, fillLater: true });
      const made = undone[0]?.undo_run;
      if (made !== undefined && made !== null) await fillAll(db, keys, made);
      return undone;
    });
