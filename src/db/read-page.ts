// A page of records as the JSON text that goes over the wire. A payload is stored as canonical JSON without its id, so
// the answer is put together from texts: nothing is parsed and printed again (opening a record is 5-7 us of 20).

import type { DataKeys } from "../crypto/data-keys.ts";
import { open } from "../crypto/seal.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
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

/**
 * One page in change order: `{"records":[…],"next_cursor":…}`. next_cursor is null when the end is reached.
 * Throws SL003 for a cursor of another stream or epoch, `invalid_query_params` for one that is none.
 */
export const readPage =
  ({ db, keys }: Deps) =>
  async (page: PageRequest): Promise<{ body: string; count: number }> => {
    const after = page.cursor === undefined ? undefined : decodeCursor(page.cursor);
    const found = await readRecords(db, {
      connection: page.connection,
      model: page.model,
      variant: page.variant,
      afterStream: after?.stream ?? null,
      afterPos: after?.pos ?? null,
      modifiedAfter: page.modifiedAfter ?? null,
      actions: page.actions ?? null,
      ids: page.ids ?? null,
      limit: page.limit + 1,
    });
    const records = found.slice(0, page.limit);
    const last = found.length > page.limit ? records.at(-1) : undefined;
    const nextCursor = last === undefined ? "null" : `"${encodeCursor({ stream: last.stream_id, pos: last.pos })}"`;
    if (records.length === 0) return { body: `{"records":[],"next_cursor":null}`, count: 0 };
    const key = await keys.ofConnection(page.connection);
    const texts = records.map((record) =>
      toJson(
        record,
        record.payload === null ? "{}" : open(key, record.payload, sealPlace(record.stream_id, record.external_id)),
      ),
    );
    return { body: `{"records":[${texts.join(",")}],"next_cursor":${nextCursor}}`, count: records.length };
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
