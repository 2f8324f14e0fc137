// An embedded PostgreSQL 18 for development and tests: one per data folder, owned by one process, and gone with it.
import { existsSync } from "node:fs";
import path from "node:path";
import pg from "pg";
import { AppError } from "../../errors.ts";
import { connect } from "../pool.ts";
import { makeCluster, removeUnfinished } from "./cluster.ts";
import { takeOwnerLock } from "./owner-lock.ts";
import { findPlace, type Place } from "./place.ts";
import { type Server, type Settings, startServer } from "./server.ts";
import { findServer, stopStaleServer } from "./stale.ts";
import { freePort, newPassword, psqlHintOf, readState, type State, urlOf, writeState } from "./state.ts";

type Log = { info: (fields: object, message: string) => void };

/** `stop` resolves when the server is gone, also when it was gone before; after at most 20 s it is killed. */
export type EmbeddedPostgres = { url: string; psqlHint: string; pid: number; stop: () => Promise<void> };

type Options = {
  dataFolder: string;
  log?: Log | undefined;
  /** Server settings over ours, such as `{ fsync: "off" }` for tests. */
  settings?: Settings | undefined;
  /** Where things go that the OS user postgres could not reach in the data folder. */
  outsideFolder?: string | undefined;
};

const STARTS = 3;
const NO_SUCH_DATABASE = "3D000";

const ensureDatabase = async (state: State): Promise<void> => {
  const options = { applicationName: "syncline start" };
  try {
    await (await connect({ ...options, url: urlOf(state) })).end();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== NO_SUCH_DATABASE) throw error;
    const client = await connect({ ...options, url: urlOf(state, "postgres") });
    await client.query("create database syncline").finally(() => client.end());
  }
};

// Between the moment a port is seen to be free and the moment Postgres takes it, anybody else may take it.
const startOnFreePort = async (place: Place, state: State, o: { dataFolder: string; settings: Settings }) => {
  const logFile = path.join(o.dataFolder, "postgres.log");
  let wanted: number | undefined = state.port === 0 ? undefined : state.port;
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(wanted);
    wanted = undefined;
    try {
      const server = await startServer(place, { port, logFile, settings: o.settings });
      return { server, port };
    } catch (error) {
      const isTaken = /Address already in use|pre-existing shared memory/.test((error as AppError).message);
      if (attempt === STARTS || !isTaken) throw error;
    }
  }
};

const refuseUnknown = (cluster: string): never => {
  const message = `${cluster} is there but postgres.json, which has its password, is not: restore the one or move the other`;
  throw new AppError("embedded_postgres_failed", message);
};

const startOwned = async (
  place: Place,
  o: { dataFolder: string; settings: Settings; note: (line: string) => void },
) => {
  const before = readState(o.dataFolder);
  const state = before ?? { cluster: place.cluster, port: 0, password: newPassword() };
  await stopStaleServer(place.cluster, o.note);
  if (before === null && existsSync(place.cluster)) refuseUnknown(place.cluster);
  removeUnfinished(place.cluster);
  if (before === null) writeState(o.dataFolder, state); // the password must not be lost between here and the first start
  if (!existsSync(place.cluster)) {
    await makeCluster(place, { password: state.password, isDurable: o.settings.fsync !== "off" });
  }
  const { server, port } = await startOnFreePort(place, state, o);
  const now = { ...state, cluster: place.cluster, port };
  try {
    writeState(o.dataFolder, now);
    await ensureDatabase(now);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { server, state: now };
};

/**
 * Start the database of `dataFolder`, making it the first time (0.7 s, later 0.1 s). Rejects with data_folder_in_use when
 * another process has it, with embedded_postgres_failed when Postgres does not start.
 */
export const startEmbeddedPostgres = async (options: Options): Promise<EmbeddedPostgres> => {
  const { log, settings = {}, outsideFolder = "/var/lib/syncline" } = options;
  const dataFolder = path.resolve(options.dataFolder);
  const note = (line: string): void => log?.info({ event: "postgres.note" }, line);
  const place = await findPlace({ dataFolder, outsideFolder, log: note });
  const release = takeOwnerLock(path.join(path.dirname(place.cluster), "lock"));
  let started: { server: Server; state: State };
  try {
    started = await startOwned(place, { dataFolder, settings, note });
  } catch (error) {
    release();
    throw error;
  }
  const { server, state } = started;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= server.stop().finally(release);
    return stopping;
  };
  return { url: urlOf(state), psqlHint: psqlHintOf(dataFolder), pid: server.pid, stop };
};

/** The URL of the database of `dataFolder` when its server runs, started by whoever; null when it does not. */
export const findRunningPostgres = (dataFolder: string): string | null => {
  const state = readState(path.resolve(dataFolder));
  return state !== null && findServer(state.cluster) !== null ? urlOf(state) : null;
};
