// Bindings of sql/43_landing_fill.sql: records that are rows of a table of the user's as well.
import pg from "pg";
import { z } from "zod";
import { AppError, hasCode } from "../errors.ts";
import { fn, row, rowsUnchecked, value } from "./fn.ts";

const fence = { run: "bigint", token: "bigint" } as const;

/** Where records of a stream are delivered: columns by name, each with a path in the record or a `$` source. */
export type Landing = { id: number; table: string; columns: Record<string, string> };

export const openLanding = fn(
  "open_landing",
  { ...fence, model: "text" },
  row(
    z.object({
      stream: z.number(),
      landing: z.number().nullable(),
      table_name: z.string().nullable(),
      columns: z.record(z.string(), z.string()).nullable(),
      is_filled: z.boolean().nullable(),
      records: z.number().nullable(),
    }),
  ),
);
export const readUnlanded = fn(
  "read_unlanded",
  { landing: "bigint", limit: "int" },
  rowsUnchecked<{ external_id: string; pos: number; hash: Buffer; payload: Buffer | null }>(),
);
const page = {
  landing: "bigint",
  stream: "int",
  ids: "text[]",
  hashes: "bytea[]",
  rows: "text",
  until: "bigint",
  passedOver: "int",
} as const;
export const fillLanding = fn("fill_landing", { ...fence, ...page }, value(z.boolean()));
export const writeLanding = fn("write_landing", page, value(z.boolean()));

const INTEGRITY = "23"; // a constraint that was looked at no sooner than at the commit
const TIMEOUT = "57014";

const toDeliveryError = (error: unknown): unknown => {
  if (hasCode(error, "SL006")) {
    const { hint } = (error.payload ?? {}) as { hint?: string | null };
    return new AppError("delivery_failed", hint ? `${error.message}. ${hint}` : error.message, { cause: error });
  }
  if (!(error instanceof pg.DatabaseError)) return error;
  const isLate = error.code?.startsWith(INTEGRITY) && error.table !== undefined;
  if (isLate)
    return new AppError("delivery_failed", `${error.schema}.${error.table}: ${error.message}`, { cause: error });
  return error.code === TIMEOUT ? new AppError("delivery_failed", error.message, { cause: error }) : error;
};

/** The result of `work`, which writes to the user's table; what keeps it from that becomes `delivery_failed`. */
export const delivering = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw toDeliveryError(error);
  }
};
