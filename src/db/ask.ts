// One text of SQL, as somebody typed it, and what comes back: for `syncline sql`.
import type pg from "pg";
import { connect } from "./pool.ts";

/** The result of one statement; `columns` is empty when it gives no rows. */
export type Answer = { command: string; rowCount: number | null; columns: string[]; rows: unknown[][] };

type Result = pg.QueryArrayResult<unknown[]>;

/** Run `text` on its own connection without a time limit: one answer per statement. Rejects with the driver's error. */
export const ask = async (url: string, text: string): Promise<Answer[]> => {
  const client = await connect({ url, applicationName: `syncline sql ${process.pid}`, statementTimeoutMs: 0 });
  const query = client.query<unknown[]>({ text, rowMode: "array" });
  // Several statements in one text give several results, which the types do not say.
  const results: Result | Result[] = await query.finally(() => client.end());
  return [results].flat().map(({ command, rowCount, fields, rows }) => {
    return { command, rowCount, rows, columns: fields.map((field) => field.name) };
  });
};
