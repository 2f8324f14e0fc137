// Writing records: rows cross as JSON would carry them, at most 1000 in one message, one message after another.
import type { Call } from "./calls.ts";
import { toPlain } from "./plain.ts";
import type { RowChecks } from "./validation.ts";

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
export const createBatch =
  (call: Call, method: string, checks: RowChecks = {}) =>
  async (given: Row[] | null | undefined, model: string) => {
    if (given === undefined || given === null) return true;
    if (!Array.isArray(given)) throw new TypeError(`nango.${method} takes a list of rows, and the model's name.`);
    const rows = checks.all === undefined ? given : given.map(toRow); // what is checked is what is sent
    checks.all?.(rows, model);
    for (let from = 0; from < rows.length; from += ROWS_PER_MESSAGE) {
      const page = rows.slice(from, from + ROWS_PER_MESSAGE).map(toRow);
      checks.page?.(page, model);
      await call(method, [page, model]);
    }
    return true;
  };
