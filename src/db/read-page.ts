// A page of records as the JSON text that goes over the wire. A payload is stored as canonical JSON without its id, so
// the answer is put together from texts: nothing is parsed and printed again (opening a record is 5 us of 16).

import type { DataKeys } from "../crypto/data-keys.ts";
import { open } from "../crypto/seal.ts";
import { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
import type { Db } from "./fn.ts";
import { pruneRecords, readRecords, type StoredRecord } from "./records.ts";
import { sealPlace } from "./seal-place.ts";

type Deps = { db: Db; keys: DataKeys };

export type PageRequest = {
  connection: number;
  model: string;
  variant: string;
  cursor?: string | undefined;
  modifiedAfter?: string | undefined;
  /** Last actions wanted: A added, U updated, D deleted; undefined means all. */
  actions?: ("A" | "U" | "D")[] | undefined;
  ids?: string[] | undefined;
  limit: number;
};

const ACTIONS = { A: "ADDED", U: "UPDATED", D: "DELETED" } as const;

const quoted = (time: string | null): string => (time === null ? "null" : `"${time}"`);

const metadataOf = (record: StoredRecord): string =>
  `{"first_seen_at":"${record.first_seen_at}","last_modified_at":"${record.last_modified_at}",` +
  `"last_action":"${ACTIONS[record.last_action]}","deleted_at":${quoted(record.deleted_at)},` +
  `"pruned_at":${quoted(record.pruned_at)},` +
  `"cursor":"${encodeCursor({ stream: record.stream_id, pos: record.pos })}"}`;

const toJson = (record: StoredRecord, payload: string): string =>
  `{"id":${JSON.stringify(record.external_id)},${payload === "{}" ? "" : `${payload.slice(1, -1)},`}` +
  `"_nango_metadata":${metadataOf(record)}}`;

// A page is read in parts: while Postgres looks for the next one, this one is opened.
const ROWS_PER_PART = 600;
// A page of large records ends early: a string holds half a gigabyte, and a client waits for all of it.
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * One page in change order: `{"records":[…],"next_cursor":…}`. next_cursor is null when the end is reached; a page may
 * hold fewer records than asked for and still have one. Throws SL003 for a cursor of another stream or epoch,
 * `invalid_query_params` for one that is none.
 */
export const readPage =
  ({ db, keys }: Deps) =>
  async (page: PageRequest): Promise<{ body: string; count: number }> => {
    const { connection, model, variant, limit } = page;
    // One row more than wanted tells that there is more.
    const part = Math.ceil((limit + 1) / Math.ceil((limit + 1) / ROWS_PER_PART));
    const read = (after: Cursor | undefined, modifiedAfter: string | null): Promise<StoredRecord[]> =>
      readRecords(db, {
        connection,
        model,
        variant,
        afterStream: after?.stream ?? null,
        afterPos: after?.pos ?? null,
        modifiedAfter,
        actions: page.actions ?? null,
        ids: page.ids ?? null,
        limit: part,
      });

    const texts: string[] = [];
    let characters = 0;
    let last: Cursor | undefined;
    let hasMore = false;
    let found = await read(
      page.cursor === undefined ? undefined : decodeCursor(page.cursor),
      page.modifiedAfter ?? null,
    );
    const key = found.length === 0 ? undefined : await keys.ofConnection(connection);
    while (key !== undefined && !hasMore) {
      const rows = found.slice(0, limit - texts.length);
      hasMore = rows.length < found.length;
      const isEnd = hasMore || found.length < part;
      const end = rows.at(-1);
      if (end !== undefined) last = { stream: end.stream_id, pos: end.pos };
      const coming = isEnd ? undefined : read(last, null);
      coming?.catch(() => {}); // awaited below, or not wanted any more
      for (const row of rows) {
        const payload = row.payload === null ? "{}" : open(key, row.payload, sealPlace(row.stream_id, row.external_id));
        characters += payload.length;
        texts.push(toJson(row, payload));
      }
      if (coming === undefined) break;
      if (characters > MOST_CHARACTERS) hasMore = true;
      else found = await coming;
    }
    const nextCursor = hasMore && last !== undefined ? `"${encodeCursor(last)}"` : "null";
    return { body: `{"records":[${texts.join(",")}],"next_cursor":${nextCursor}}`, count: texts.length };
  };

/** Forget the payloads of the oldest records up to a cursor; call again while `has_more`. */
export const prunePage =
  ({ db }: { db: Db }) =>
  async (page: { connection: number; model: string; variant: string; untilCursor: string; limit: number }) => {
    const until = decodeCursor(page.untilCursor, "until_cursor");
    return pruneRecords(db, {
      connection: page.connection,
      model: page.model,
      variant: page.variant,
      untilStream: until.stream,
      untilPos: until.pos,
      limit: page.limit,
    });
  };
