// The database of this process: the one DATABASE_URL names, or the embedded one of the data folder.
import type { Logger } from "../log.ts";
import { startEmbeddedPostgres } from "./embedded/start.ts";

export type Database = {
  url: string;
  isEmbedded: boolean;
  /** The line with which a person opens psql on it. */
  psqlHint: string;
  stop: () => Promise<void>;
};

/** Start, or just name, the database. An embedded one belongs to this process alone and stops with it. */
export const openDatabase = async (
  config: { databaseUrl: string | undefined; dataFolder: string },
  log: Logger,
): Promise<Database> => {
  if (config.databaseUrl !== undefined) {
    return { url: config.databaseUrl, isEmbedded: false, psqlHint: 'psql "$DATABASE_URL"', stop: async () => {} };
  }
  const server = await startEmbeddedPostgres({ dataFolder: config.dataFolder, log });
  return { url: server.url, isEmbedded: true, psqlHint: server.psqlHint, stop: server.stop };
};
