// How values of Postgres become values of JavaScript: numbers that are safe, times as sortable UTC text, the rest as text.
import pg from "pg";
import { AppError } from "../errors.ts";

const OID = {
  int8: 20,
  int8Array: 1016,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  timestamptzArray: 1185,
  interval: 1186,
};

type Parse = (text: string) => unknown;

const arrayParser = pg.types.arrayParser as unknown as {
  create: (text: string, parse: Parse) => { parse: () => unknown[] };
};

const parseInt8 = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new AppError("server_error", `the bigint ${text} is too large for a number`);
  return value;
};

/** `2026-01-02 03:04:05.12+00` as `2026-01-02T03:04:05.120000+00:00`: of one length, so that text order is time order. */
export const parseTimestamptz = (text: string): string => {
  if (text[10] !== " " || !text.endsWith("+00")) return text;
  const time = text.slice(11, -3);
  const padded = time.length === 8 ? `${time}.000000` : time.padEnd(15, "0");
  return `${text.slice(0, 10)}T${padded}+00:00`;
};

const asText: Parse = (text) => text;

const arrayOf =
  (parse: Parse): Parse =>
  (text) =>
    arrayParser.create(text, (entry) => (entry === null ? null : parse(entry))).parse();

const PARSERS = new Map<number, Parse>([
  [OID.int8, parseInt8],
  [OID.int8Array, arrayOf(parseInt8)],
  [OID.date, asText],
  [OID.timestamp, asText],
  [OID.timestamptz, parseTimestamptz],
  [OID.timestamptzArray, arrayOf(parseTimestamptz)],
  [OID.interval, asText],
]);

/** The type parsers of every connection we make; numeric stays text, json is parsed, bytea is a Buffer. */
export const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    (format === "binary" ? undefined : PARSERS.get(oid)) ?? pg.types.getTypeParser(oid, format as "text"),
} as pg.CustomTypesConfig;
