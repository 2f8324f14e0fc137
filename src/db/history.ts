// Bindings of sql/52_history.sql, and reading it: records as they were, opened. A pruned payload reads as null.
import { z } from "zod";
import type { DataKeys } from "../crypto/data-keys.ts";
import { open } from "../crypto/seal.ts";
import { type Db, fn, rows, rowsUnchecked } from "./fn.ts";
import { sealPlace } from "./seal-place.ts";

type Action = "A" | "U" | "D";

/** A live record as it was; `last_modified_at` is when that version began. */
export type PastRecord = {
  external_id: string;
  pos: number;
  first_seen_at: string;
  last_modified_at: string;
  last_action: "A" | "U";
  pruned_at: string | null;
  run_id: number;
  hash: Buffer;
  payload: Buffer | null;
};

export type RecordVersion = {
  pos: number;
  valid_from: string;
  valid_to: string | null;
  last_action: Action;
  first_seen_at: string;
  deleted_at: string | null;
  pruned_at: string | null;
  run_id: number;
  hash: Buffer;
  payload: Buffer | null;
};

export type RecordChange = {
  external_id: string;
  change: "added" | "updated" | "deleted";
  old_pos: number | null;
  new_pos: number | null;
  old_hash: Buffer | null;
  new_hash: Buffer | null;
  old_payload: Buffer | null;
  new_payload: Buffer | null;
};

const page = { after: "text?", limit: "int?" } as const;

export const recordsAsOf = fn(
  "records_as_of",
  { stream: "int", at: "timestamptz", ...page },
  rowsUnchecked<PastRecord>(),
);
export const diffRecordsBetween = fn(
  "diff_records_between",
  { stream: "int", from: "timestamptz", to: "timestamptz", ...page },
  rowsUnchecked<RecordChange>(),
);
export const recordHistory = fn("record_history", { stream: "int", id: "text" }, rowsUnchecked<RecordVersion>());
export const brokenHistories = fn(
  "broken_histories",
  {},
  rows(z.object({ stream_id: z.number(), external_id: z.string(), detail: z.string() })),
);

type Deps = { db: Db; keys: DataKeys };
type Place = { connection: number; stream: number };
type Page = { after?: string | undefined; limit?: number | undefined };

/** A payload is stored without its id. */
type Content = { id: string; [field: string]: unknown };

/** One page of the records of a stream as they were at an instant, by id; `limit` none means all. */
export const readAsOf =
  ({ db, keys }: Deps) =>
  async ({ connection, stream, at, after, limit }: Place & Page & { at: string }) => {
    const found = await recordsAsOf(db, { stream, at, after, limit });
    const key = await keys.ofConnection(connection);
    const opened = (id: string, payload: Buffer): Content => ({
      id,
      ...(JSON.parse(open(key, payload, sealPlace(stream, id))) as object),
    });
    return found.map(({ payload, ...record }) => ({
      ...record,
      content: payload === null ? null : opened(record.external_id, payload),
    }));
  };
