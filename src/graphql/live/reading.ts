// What the sources of subscriptions share: who reads, and the names by which a client says what it watches.
import type { DataKeys } from "../../crypto/data-keys.ts";
import { findConnections } from "../../db/models.ts";
import type { Db } from "../../db/pool.ts";
import { AppError } from "../../errors.ts";

export type Reading = {
  environment: number;
  /** Runs work as the role of GraphQL and for that environment. */
  readAs: <T>(work: (db: Db) => Promise<T>) => Promise<T>;
  keys: DataKeys;
  /** Whoever asks under a name while that work runs gets its result. */
  share: <T>(name: string, work: () => Promise<T>) => Promise<T>;
};

/** The connection of these names, or a refusal that does not tell whether another environment has one. */
export const connectionOf = async (db: Db, integration: string, connection: string): Promise<number> => {
  const [found] = await findConnections(db, { connection, integrations: [integration] });
  if (found === undefined) throw new AppError("unknown_connection", "There is no such connection.");
  return found.id;
};

/** The connection of these names; null when none is named, a refusal when half of one is. */
export const optionalConnection = async (
  db: Db,
  { integration, connectionId }: { integration: string | null; connectionId: string | null },
): Promise<number | null> => {
  if (integration === null && connectionId === null) return null;
  if (integration !== null && connectionId !== null) return await connectionOf(db, integration, connectionId);
  throw new AppError("invalid_query_params", "A connection is named by both `integration` and `connectionId`.");
};
