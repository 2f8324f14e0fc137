// Which database a command works on: DATABASE_URL, or the embedded one of the data folder, started for the moment when
// no server runs on it.
import type { Config } from "../config.ts";
import { findRunningPostgres, startEmbeddedPostgres } from "../db/embedded/start.ts";

/** Call `work` with the URL of the database; what had to be started is stopped again. */
export const withDatabase = async <T>(config: Config, work: (url: string) => Promise<T>): Promise<T> => {
  const url = config.databaseUrl ?? findRunningPostgres(config.dataFolder);
  if (url !== null) return await work(url);
  const server = await startEmbeddedPostgres({ dataFolder: config.dataFolder });
  return await work(server.url).finally(() => server.stop());
};
