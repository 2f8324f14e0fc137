// One typed binding per SQL function: SQL is called, not written. A binding sends a named prepared statement, so a
// connection parses and plans it once.
import { createHash } from "node:crypto";
import pg from "pg";
import { AppError, CODES, type Code } from "../errors.ts";
import { isActing, onceInTransaction } from "./actor.ts";
import { isConnectionLost } from "./connection-lost.ts";
import { type Args, encode, type Params } from "./params.ts";
import type { Db } from "./pool.ts";
import type { Shape } from "./shapes.ts";

export type { Db } from "./pool.ts";
export { maybeRow, nothing, row, rows, rowsUnchecked, rowUnchecked, value } from "./shapes.ts";

/** What a guard compares with pg_proc: the function's name and its arguments without the `p_`. */
export type Binding = { sqlName: string; params: Params };

const OWN_CODE = /^SL\d{3}$/;

/** Our own SQLSTATEs and a lost connection as AppError, with message, detail and hint as payload; any other error as it is. */
export const translateError = (error: unknown): unknown => {
  if (isConnectionLost(error)) return new AppError("database_unavailable", (error as Error).message, { cause: error });
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return error;
  if (!OWN_CODE.test(error.code) || !(error.code in CODES)) return error;
  const payload = { detail: error.detail ?? null, hint: error.hint ?? null };
  return new AppError(error.code as Code, error.message, { cause: error, payload });
};

const NAME_BYTES = 63;

/** The SQL name of an argument: `connectionId` and `connection_id` are both `p_connection_id`. */
export const argumentName = (key: string): string =>
  `p_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

const statementFor = (name: string, keys: string[], types: string[]): { name: string; text: string } => {
  const args = keys.map((key, index) => `${argumentName(key)} => $${index + 1}::${types[index]}`);
  const text = `select * from syncline.${name}(${args.join(", ")})`;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return { name: `${name.slice(0, NAME_BYTES - 11)} ${digest}`, text };
};

const bare = (type: string): string => type.replace("?", "");

/**
 * Bind `syncline.<name>`. `params` maps argument names without their `p_` to SQL types (`"int?"`: may be left out);
 * `shape` says what comes back. Rejects with AppError for SQLSTATE SLxxx and a lost connection, and with the driver's
 * error for the rest.
 */
export const fn = <P extends Params, T>(name: string, params: P, shape: Shape<T>) => {
  const keys = Object.keys(params);
  const types = keys.map((key) => bare(params[key]!));
  const whole = statementFor(name, keys, types);
  const partial = new Map<string, { name: string; text: string }>();

  const prepare = (args: Record<string, unknown>) => {
    if (keys.every((key) => args[key] !== undefined)) {
      return { ...whole, values: keys.map((key, index) => encode(types[index]!, args[key])) };
    }
    const given = keys.filter((key) => args[key] !== undefined || !params[key]!.endsWith("?"));
    const id = given.join(",");
    const statement =
      partial.get(id) ??
      statementFor(
        name,
        given,
        given.map((key) => bare(params[key]!)),
      );
    partial.set(id, statement);
    return { ...statement, values: given.map((key) => encode(bare(params[key]!), args[key] ?? null)) };
  };

  const call = async (db: Db, args: Args<P>): Promise<T> => {
    try {
      const ask = (asked: Db) => asked.query<Record<string, unknown>>(prepare(args));
      const result = await (db instanceof pg.Pool && isActing() ? onceInTransaction(db, ask) : ask(db));
      return shape(result.rows, name);
    } catch (error) {
      throw translateError(error);
    }
  };
  return Object.assign(call, { sqlName: name, params } satisfies Binding);
};
