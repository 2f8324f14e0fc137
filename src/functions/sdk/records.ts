// Writing records: rows cross as JSON would carry them, at most 1000 in one message, one message after another.
import type { Call } from "./calls.ts";
import { toPlain } from "./plain.ts";

const ROWS_PER_MESSAGE = 1000;
const INTERNAL_FIELD = "_nango_metadata";

type Row = Record<string, unknown>;

const toRow = (row: Row): Row => {
  const plain = toPlain(row) as Row;
  if (typeof plain !== "object" || plain === null || !(INTERNAL_FIELD in plain)) return plain;
  const { [INTERNAL_FIELD]: _dropped, ...rest } = plain;
  return rest;
};

/** `batchSave`, `batchUpdate` or `batchDelete`: true when the host took all rows; the first failure ends it. */
export const createBatch = (call: Call, method: string) => async (rows: Row[] | null | undefined, model: string) => {
  if (rows === undefined || rows === null) return true;
  if (!Array.isArray(rows)) throw new TypeError(`nango.${method} takes a list of rows, and the model's name.`);
  for (let from = 0; from < rows.length; from += ROWS_PER_MESSAGE) {
    await call(method, [rows.slice(from, from + ROWS_PER_MESSAGE).map(toRow), model]);
  }
  return true;
};
