// Records as rows of a table of the user's: what is sent beside the sealed payloads, and how a table is filled at first.
import { canonicalJson } from "../../crypto/canonical-json.ts";
import type { DataKeys } from "../../crypto/data-keys.ts";
import type { DataKey } from "../../crypto/keyring.ts";
import { open } from "../../crypto/seal.ts";
import type { Db } from "../../db/fn.ts";
import { delivering, fillLanding, type Landing, readUnlanded, type writeLanding } from "../../db/landings.ts";
import type { Pool } from "../../db/pool.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { storableJson } from "../../db/storable.ts";
import { AppError } from "../../errors.ts";
import { contentOf, type Input } from "./record-input.ts";
import type { Fence, Say } from "./run-host.ts";

/** The text of a value, or undefined: the column is null then. `content` is the record's text without its id. */
type Write = (input: Input, content: () => string) => string | undefined;

const step = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

const textOf = (value: unknown): string | undefined => {
  if (value === null || value === undefined) return undefined;
  return typeof value === "object" ? canonicalJson(value) : JSON.stringify(value);
};

const idText = ({ id }: Input): string => JSON.stringify(id);

const whole: Write = (input, content) => {
  const rest = content().slice(1);
  return `{"id":${idText(input)}${rest === "}" ? rest : `,${rest}`}`;
};

const writeOf = (source: string): Write | undefined => {
  if (source === "$record") return whole;
  if (source.startsWith("$")) return undefined; // known to the database
  if (source === "id") return idText;
  const path = source.split(".");
  if (path.length === 1) return ({ row }) => textOf(step(row, source));
  return ({ row }) => textOf(path.reduce<unknown>(step, row));
};

/** Writes records as the JSON array of rows that Postgres makes its types of. */
export const createRowWriter = ({ columns }: Landing) => {
  const writes = Object.entries(columns).flatMap(([column, source]) => {
    const write = writeOf(source);
    return write === undefined ? [] : [{ key: `${JSON.stringify(column)}:`, write }];
  });
  const rowOf = (input: Input, content: () => string): string => {
    const members: string[] = [];
    for (const { key, write } of writes) {
      const text = write(input, content);
      if (text !== undefined) members.push(key + text);
    }
    return `{${members.join(",")}}`;
  };
  return (inputs: Input[], contents?: string[]): string =>
    storableJson(
      `[${inputs.map((input, at) => rowOf(input, () => contents?.[at] ?? contentOf(input.row))).join(",")}]`,
    );
};

/** A landing with the writer of its rows. */
export type OpenLanding = Landing & { toRows: ReturnType<typeof createRowWriter> };

const ROWS_PER_PAGE = 1_000;
const ROWS_PER_LINE = 50_000;

type Page = Parameters<typeof writeLanding>[1];

/** Make rows of the records that a landing lacks, in pages: `write` is told each and says when that was all; `onPage` is told how many. */
export const fillRows = async (o: {
  db: Db;
  key: DataKey | undefined;
  landing: OpenLanding;
  stream: number;
  write: (page: Page) => Promise<boolean>;
  onPage?: (found: number) => void;
}): Promise<void> => {
  const { db, key, landing, stream } = o;
  for (;;) {
    const found = await readUnlanded(db, { landing: landing.id, limit: ROWS_PER_PAGE });
    const kept = found.flatMap(({ external_id: id, hash, payload }) => {
      if (payload === null || key === undefined) return [];
      const text = open(key, payload, sealPlace(stream, id));
      return [{ input: { id, row: JSON.parse(text) }, hash, text }];
    });
    const page = {
      landing: landing.id,
      stream,
      ids: kept.map(({ input }) => input.id),
      hashes: kept.map(({ hash }) => hash),
      rows: landing.toRows(
        kept.map(({ input }) => input),
        kept.map(({ text }) => text),
      ),
      until: found.at(-1)?.pos ?? null,
      passedOver: found.length - kept.length,
    };
    if (await delivering(o.write(page))) return;
    o.onPage?.(found.length);
  }
};

type FillDeps = {
  pool: Pool;
  keys: DataKeys;
  fence: Fence;
  connection: number;
  say: Say;
  signal: AbortSignal | undefined;
};

/** Make rows of the records from before the mapping, under a run's fence; whoever is interrupted is followed by the next run. */
export const fill = async (deps: FillDeps, landing: OpenLanding, stream: number, records: number): Promise<void> => {
  const { pool, fence, say } = deps;
  const key = records === 0 ? undefined : await deps.keys.ofConnection(deps.connection);
  const { table } = landing;
  const tell = (message: string, detail: object): void => say({ kind: "change", level: "info", message, detail });
  if (records > 0) tell(`${table} is filled with ${records} records first`, { table, records });
  let done = 0;
  await fillRows({
    db: pool,
    key,
    landing,
    stream,
    write: (page) => {
      if (deps.signal?.aborted) throw new AppError("script_aborted");
      return fillLanding(pool, { ...fence, ...page });
    },
    onPage: (found) => {
      const lines = Math.floor(done / ROWS_PER_LINE);
      done += found;
      if (Math.floor(done / ROWS_PER_LINE) > lines)
        tell(`${table}: ${done} of ${records} records`, { table, done, records });
    },
  });
  if (done > 0) tell(`${table} is filled: ${done} records`, { table, done });
};
