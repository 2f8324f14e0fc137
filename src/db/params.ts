// The arguments of a SQL function as TypeScript types, and how each is sent.
import { bigintArray, byteaArray, textArray } from "./binary-array.ts";
import { storableJson } from "./storable.ts";

type Base = {
  text: string;
  uuid: string;
  name: string;
  int2: number;
  int4: number;
  int: number;
  integer: number;
  int8: number;
  bigint: number;
  float8: number;
  numeric: number | string;
  bool: boolean;
  boolean: boolean;
  timestamptz: string;
  date: string;
  interval: string;
  json: unknown;
  jsonb: unknown;
  bytea: Uint8Array;
  "text[]": readonly (string | null)[] | Buffer;
  "uuid[]": readonly string[];
  "int[]": readonly number[];
  "int4[]": readonly number[];
  "int8[]": readonly (number | null)[] | Buffer;
  "bigint[]": readonly (number | null)[] | Buffer;
  "bool[]": readonly boolean[];
  "boolean[]": readonly boolean[];
  "bytea[]": readonly (Uint8Array | null)[] | Buffer;
  "jsonb[]": readonly unknown[];
  "timestamptz[]": readonly (string | null)[];
};

/** A SQL type; with a question mark the argument may be left out, and the function's default applies. */
export type SqlType = keyof Base | `${keyof Base}?`;

export type Params = Record<string, SqlType>;

type Optional<P extends Params> = { [K in keyof P]: P[K] extends `${string}?` ? K : never }[keyof P];

type ValueOf<T extends SqlType> = T extends `${infer B extends keyof Base}?`
  ? Base[B]
  : T extends keyof Base
    ? Base[T]
    : never;

/** The argument object of a binding; null is SQL's null. */
export type Args<P extends Params> = { [K in Exclude<keyof P, Optional<P>>]: ValueOf<P[K]> | null } & {
  [K in Optional<P>]?: ValueOf<P[K]> | null | undefined;
};

const asJson = (value: unknown): string => storableJson(JSON.stringify(value));
const isJson = new Set(["json", "jsonb"]);

/** The value as node-postgres should send it: JSON as text, arrays of text, bigint and bytea in binary form. */
export const encode = (type: string, value: unknown): unknown => {
  if (value === null) return null;
  if (isJson.has(type)) return asJson(value);
  if (!Array.isArray(value)) return value;
  if (type === "text[]") return textArray(value);
  if (type === "bytea[]") return byteaArray(value);
  if (type === "int8[]" || type === "bigint[]") return bigintArray(value);
  return type === "jsonb[]" ? value.map(asJson) : value;
};
