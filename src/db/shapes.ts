// What a SQL function gives back, and the check that it does. The unchecked shapes are for hot paths: a zod parse of
// 1,000 rows costs more than fetching them.
import type { z } from "zod";
import { AppError } from "../errors.ts";

type Row = Record<string, unknown>;

/** Turns the rows of the result into what the binding returns. */
export type Shape<T> = (rows: Row[], name: string) => T;

const check = <T>(schema: z.ZodType<T>, value: unknown, name: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AppError("server_error", `syncline.${name} returned something unexpected: ${issues.join("; ")}`, {
    cause: result.error,
  });
};

const single = (rows: Row[], name: string): Row => {
  if (rows.length === 1) return rows[0]!;
  throw new AppError("server_error", `syncline.${name} returned ${rows.length} rows instead of one`);
};

/** Any number of rows. */
export const rows =
  <T>(schema: z.ZodType<T>): Shape<T[]> =>
  (found, name) =>
    found.map((one) => check(schema, one, name));

/** Any number of rows, taken at their word. */
export const rowsUnchecked =
  <T>(): Shape<T[]> =>
  (found) =>
    found as T[];

/** Exactly one row. */
export const row =
  <T>(schema: z.ZodType<T>): Shape<T> =>
  (found, name) =>
    check(schema, single(found, name), name);

/** Exactly one row, taken at its word. */
export const rowUnchecked =
  <T>(): Shape<T> =>
  (found, name) =>
    single(found, name) as T;

/** One row or null. */
export const maybeRow =
  <T>(schema: z.ZodType<T>): Shape<T | null> =>
  (found, name) =>
    found.length === 0 ? null : check(schema, single(found, name), name);

/** One scalar: the first column of the only row. */
export const value =
  <T>(schema: z.ZodType<T>): Shape<T> =>
  (found, name) =>
    check(schema, Object.values(single(found, name))[0], name);

/** Nothing worth reading. */
export const nothing = (): Shape<void> => () => {};
