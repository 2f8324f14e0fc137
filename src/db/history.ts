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

const contentOf = (id: string, json: string): Content => ({ id, ...(JSON.parse(json) as object) });

const opener = async ({ keys }: Deps, { connection, stream }: Place) => {
  const key = await keys.ofConnection(connection);
  return (id: string, payload: Buffer | null): Content | null =>
    payload === null ? null : contentOf(id, open(key, payload, sealPlace(stream, id)));
};

/** One page of the records of a stream as they were at an instant, by id; `limit` none means all. */
export const readAsOf =
  (deps: Deps) =>
  async ({ at, after, limit, ...place }: Place & Page & { at: string }) => {
    const found = await recordsAsOf(deps.db, { stream: place.stream, at, after, limit });
    const opened = await opener(deps, place);
    return found.map(({ payload, ...record }) => ({ ...record, content: opened(record.external_id, payload) }));
  };

/** One page of what differs between two instants, by id. */
export const readChangesBetween =
  (deps: Deps) =>
  async ({ from, to, after, limit, ...place }: Place & Page & { from: string; to: string }) => {
    const found = await diffRecordsBetween(deps.db, { stream: place.stream, from, to, after, limit });
    const opened = await opener(deps, place);
    return found.map(({ old_payload, new_payload, ...change }) => ({
      ...change,
      before: opened(change.external_id, old_payload),
      after: opened(change.external_id, new_payload),
    }));
  };

/** All versions of one record, the oldest first. */
export const readHistory =
  (deps: Deps) =>
  async ({ id, ...place }: Place & { id: string }) => {
    const found = await recordHistory(deps.db, { stream: place.stream, id });
    const opened = await opener(deps, place);
    return found.map(({ payload, ...version }) => ({ ...version, content: opened(id, payload) }));
  };
