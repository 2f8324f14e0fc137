// Bindings of sql/40_record.sql, 41_merge.sql, 45_refresh.sql and 50_cursor.sql: the record store.
// Results on the hot path are taken at their word: a zod parse of 1,000 rows costs more than fetching them.
import { z } from "zod";
import { fn, nothing, row, rowsUnchecked, rowUnchecked, value } from "./fn.ts";

const fence = { run: "bigint", token: "bigint" } as const;
const save = { ...fence, stream: "int", ids: "text[]", hashes: "bytea[]", payloads: "bytea[]" } as const;
/** Of a stream that is delivered: its landing, and the same records as a JSON array of mapped columns. */
const rows = { landing: "bigint?", rows: "text?" } as const;

export const openStream = fn("open_stream", { ...fence, model: "text" }, value(z.number()));
export const diffRecords = fn(
  "diff_records",
  { ...fence, stream: "int", ids: "text[]", hashes: "bytea[]" },
  value(z.string()),
);
export const saveRecords = fn(
  "save_records",
  { ...save, checkpoint: "jsonb", ...rows },
  rowUnchecked<{ letters: string; is_slice_over: boolean | null }>(),
);
export const replaceRecords = fn("replace_records", { ...save, positions: "bigint[]", ...rows }, value(z.string()));
export const removeRecords = fn(
  "remove_records",
  { ...fence, stream: "int", ids: "text[]", deletedAt: "timestamptz[]" },
  value(z.number()),
);
export const getRecords = fn(
  "get_records",
  { stream: "int", ids: "text[]" },
  rowsUnchecked<{ external_id: string; pos: number; payload: Buffer | null }>(),
);
export const setMergingStrategy = fn("set_merging_strategy", { ...fence, stream: "int", strategy: "text" }, nothing());
export const emptyCache = fn("empty_cache", fence, nothing());

export const openRefresh = fn("open_refresh", { ...fence, stream: "int" }, value(z.number()));
export const openOwnRefresh = fn("open_own_refresh", { ...fence, stream: "int" }, value(z.number().nullable()));
export const openEarlyRefresh = fn("open_early_refresh", { ...fence, stream: "int" }, value(z.number().nullable()));
export const dropRefresh = fn("drop_refresh", { ...fence, stream: "int" }, value(z.boolean()));
export const endRefresh = fn(
  "end_refresh",
  { ...fence, stream: "int" },
  row(
    z.object({
      refresh_id: z.number(),
      missing: z.number(),
      live: z.number(),
      verdict: z.enum(["deleting", "needs_approval"]),
    }),
  ),
);
export const deleteMissing = fn(
  "delete_missing",
  { ...fence, refresh: "bigint" },
  value(z.array(z.string()).nullable()),
);

/** One record as stored; the payload is sealed, null when pruned. */
export type StoredRecord = {
  stream_id: number;
  external_id: string;
  pos: number;
  first_seen_at: string;
  last_modified_at: string;
  last_action: "A" | "U" | "D";
  deleted_at: string | null;
  pruned_at: string | null;
  payload: Buffer | null;
};

export const readRecords = fn(
  "read_records",
  {
    connection: "int",
    model: "text",
    variant: "text",
    afterStream: "int",
    afterPos: "bigint",
    modifiedAfter: "timestamptz",
    actions: "text[]",
    ids: "text[]",
    limit: "int",
  },
  rowsUnchecked<StoredRecord>(),
);
export const pruneRecords = fn(
  "prune_records",
  { connection: "int", model: "text", variant: "text", untilStream: "int", untilPos: "bigint", limit: "int" },
  row(z.object({ count: z.number(), has_more: z.boolean() })),
);
