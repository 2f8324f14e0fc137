// Reads the pages that one field of a request asks for, however many connections it is under: one statement for those given by
// id, two for one given by name. Payloads are fetched and opened only when a field asks for what is in them; they are opened
// after the database connection was given back.
import type { DataKeys } from "../../crypto/data-keys.ts";
import { open } from "../../crypto/seal.ts";
import { decodeCursor, encodeCursor } from "../../db/cursor.ts";
import type { Db } from "../../db/fn.ts";
import { findConnections, readPages } from "../../db/models.ts";
import type { StoredRecord } from "../../db/records.ts";
import { sealPlace } from "../../db/seal-place.ts";
import { AppError } from "../../errors.ts";

/** Whose records: a connection by its id in the table, or, when that is null, the one named in the arguments. */
export type Target = { connection: number | null; model: string; variant: string | null };

/** The arguments of a field of records; all pages of one field have the same. */
export type ReadArguments = {
  connectionId: string | null;
  /** Where the named connection may be; null means anywhere. */
  integrations: string[] | null;
  actions: ("A" | "U" | "D")[] | null;
  modifiedAfter: string | null;
  ids: string[] | null;
  after: string | null;
  limit: number;
};

/** A record as fields read it; `data` is there when it was asked for, and null when the payload is gone. */
export type ReadRecord = Omit<StoredRecord, "payload"> & {
  cursor: string;
  model: string;
  data: Record<string, unknown> | null;
};

type WithClient = <T>(work: (db: Db) => Promise<T>) => Promise<T>;

const namedConnection = async (db: Db, { connectionId, integrations }: ReadArguments): Promise<number> => {
  const found = await findConnections(db, { connection: connectionId, integrations });
  if (found.length === 1) return found[0]!.id;
  if (found.length === 0) throw new AppError("unknown_connection", `There is no connection "${connectionId}" here.`);
  const names = found.map(({ integration }) => `"${integration}"`).join(", ");
  throw new AppError("unknown_connection", `There is a connection "${connectionId}" in each of ${names}: say which.`);
};

const readRows = async (db: Db, targets: readonly Target[], args: ReadArguments, withPayload: boolean) => {
  const after = args.after === null ? null : decodeCursor(args.after, "after");
  const named = targets.some(({ connection }) => connection === null) ? await namedConnection(db, args) : null;
  const connections = targets.map(({ connection }) => connection ?? named!);
  const rows = await readPages(db, {
    connections,
    models: targets.map(({ model }) => model),
    variants: targets.map(({ variant }) => variant ?? "base"),
    afterStream: after?.stream ?? null,
    afterPos: after?.pos ?? null,
    modifiedAfter: args.modifiedAfter,
    actions: args.actions,
    ids: args.ids,
    limit: args.limit,
    withPayload,
  });
  return { connections, rows };
};

/** The records of each target, in change order. Throws `unknown_connection`, SL003, `invalid_query_params` for no cursor. */
export const readRecordsOf =
  (keys: DataKeys) =>
  async (withClient: WithClient, targets: readonly Target[], args: ReadArguments, withData: boolean) => {
    const { connections, rows } = await withClient((db) => readRows(db, targets, args, withData));
    const pages = targets.map((): ReadRecord[] => []);
    const sealed = new Set(withData ? rows.map(({ page }) => connections[page - 1]!) : []);
    const keyOf = new Map(await Promise.all([...sealed].map(async (id) => [id, await keys.ofConnection(id)] as const)));
    for (const { page, payload, ...record } of rows) {
      const { stream_id: stream, pos, external_id: id } = record;
      const key = keyOf.get(connections[page - 1]!);
      const data = payload === null || key === undefined ? null : JSON.parse(open(key, payload, sealPlace(stream, id)));
      const { model } = targets[page - 1]!;
      pages[page - 1]!.push({ ...record, cursor: encodeCursor({ stream, pos }), model, data });
    }
    return pages;
  };
