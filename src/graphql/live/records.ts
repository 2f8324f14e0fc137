// Changed records of one stream, as pages by cursor. Payloads stay sealed until a field asks for them.
import type { DataKey } from "../../crypto/keyring.ts";
import { open } from "../../crypto/seal.ts";
import { type Cursor, decodeCursor, encodeCursor } from "../../db/cursor.ts";
import type { Db } from "../../db/pool.ts";
import { readRecords, type StoredRecord } from "../../db/records.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { watchedHead } from "../../db/watch.ts";
import type { Source } from "./events.ts";
import { connectionOf, type Reading } from "./reading.ts";

const MOST_RECORDS = 100;
const MOST_BYTES = 1024 * 1024;

export type RecordsAsked = {
  connectionId: string;
  integration: string;
  model: string;
  variant: string;
  after: string | null;
};

/** One changed record. Its payload is opened when a field asks for what is in it. */
export type ChangedRecord = { id: string; readonly data: Record<string, unknown>; _metadata: object };

export type RecordsEvent = { records: ChangedRecord[]; cursor: string };

const ACTIONS = { A: "ADDED", U: "UPDATED", D: "DELETED" } as const;

const changed = (key: DataKey, record: StoredRecord): ChangedRecord => {
  const { stream_id: stream, external_id: id, pos, payload } = record;
  let data: Record<string, unknown> | undefined;
  return {
    id,
    get data() {
      data ??= { id, ...(payload !== null && JSON.parse(open(key, payload, sealPlace(stream, id)))) };
      return data!;
    },
    _metadata: {
      firstSeenAt: record.first_seen_at,
      lastModifiedAt: record.last_modified_at,
      lastAction: ACTIONS[record.last_action],
      deletedAt: record.deleted_at,
      prunedAt: record.pruned_at,
      cursor: encodeCursor({ stream, pos }),
    },
  };
};

// As many as fit, one at least.
const fitting = (rows: StoredRecord[]): StoredRecord[] => {
  let bytes = 0;
  const end = rows.findIndex(({ payload }) => {
    bytes += payload?.length ?? 0;
    return bytes > MOST_BYTES;
  });
  return end === -1 ? rows : rows.slice(0, Math.max(1, end));
};

const startOf = async (db: Db, asked: RecordsAsked & { connection: number }): Promise<Cursor | undefined> => {
  if (asked.after === "") return undefined;
  if (asked.after !== null) return decodeCursor(asked.after, "after");
  const [head] = await watchedHead(db, asked);
  return head && { stream: head.stream_id, pos: head.pos };
};

/** Opens the changes after a cursor: from now on without one, from the start for the empty one. */
export const openRecords =
  ({ readAs, keys, share }: Reading, asked: RecordsAsked) =>
  async (): Promise<Source<RecordsEvent>> => {
    const { model, variant } = asked;
    const [connection, start] = await readAs(async (db) => {
      const found = await connectionOf(db, asked.integration, asked.connectionId);
      return [found, await startOf(db, { ...asked, connection: found })] as const;
    });
    let after = start;
    let isBeginning = asked.after === null;

    const readAfter = async (cursor: Cursor | undefined) => {
      const page = {
        connection,
        model,
        variant,
        afterStream: cursor?.stream ?? null,
        afterPos: cursor?.pos ?? null,
        modifiedAfter: null,
        actions: null,
        ids: null,
        limit: MOST_RECORDS,
      };
      const rows = await readAs((db) => readRecords(db, page));
      const kept = fitting(rows);
      const key = kept.length === 0 ? undefined : await keys.ofConnection(connection);
      const last = kept.at(-1);
      return {
        records: kept.map((row) => changed(key!, row)),
        end: last && { stream: last.stream_id, pos: last.pos },
        hasMore: rows.length === MOST_RECORDS || kept !== rows,
      };
    };

    return {
      topic: { watched: { kind: "records", connection, model, variant }, connection },
      read: async () => {
        // Who begins at now hears at once from where it can go on, should it be cut off before anything changes.
        if (isBeginning) {
          isBeginning = false;
          return { events: [{ records: [], cursor: after === undefined ? "" : encodeCursor(after) }], hasMore: true };
        }
        const from = after;
        const name = JSON.stringify([connection, model, variant, from]);
        const { records, end, hasMore } = await share(name, () => readAfter(from));
        if (end === undefined) return { events: [], hasMore: false };
        after = end;
        return { events: [{ records, cursor: encodeCursor(after) }], hasMore };
      },
    };
  };
