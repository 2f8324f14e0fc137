// The server: database, schema, keys, then the API, the worker, or both. Parts start in this order and stop in the reverse.
import { type Config, useFastGraphql } from "./config.ts";
import { sealClearIntegrationConfigs } from "./crypto/clear-integration-configs.ts";
import { sealClearWebhookSecrets } from "./crypto/clear-webhook-secrets.ts";
import { createDataKeys, type DataKeys } from "./crypto/data-keys.ts";
import { loadKeyring } from "./crypto/master-key.ts";
import { checkKeyring, ensureEnvironments } from "./db/ensure-environments.ts";
import { migrate } from "./db/migrate.ts";
import { type Database, openDatabase } from "./db/open-database.ts";
import { createPool, type Pool } from "./db/pool.ts";
import { tidyLogs } from "./db/runs.ts";
import { type Door, openDoor } from "./http/door.ts";
import type { Logger } from "./log.ts";
import { type Catalogue, loadCatalogue } from "./providers/catalogue.ts";
import { type Executor, startExecutor } from "./runs/executor.ts";

const POOL_CONNECTIONS = 20;
const JOB_CONNECTIONS_BESIDE_RUNS = 8; // helpers, two LISTENs and a margin: too small a pool costs two thirds of the jobs

export type Server = {
  /** Where the API listens; empty in role `worker`. */
  url: string;
  databaseUrl: string;
  psqlHint: string;
  /** API keys made just now: the only time they are known. */
  newApiKeys: { environment: string; key: string }[];
  stop: () => Promise<void>;
};

type Stops = (() => Promise<void>)[];
type Parts = { config: Config; log: Logger; database: Database; pool: Pool; keys: DataKeys; executor: Executor };

const stopAll = async (stops: Stops): Promise<void> => {
  for (let last = stops.pop(); last !== undefined; last = stops.pop()) await last();
};

// Looked at beside the start: all entries of the published catalogue take a second.
const reportCatalogue = async (catalogue: Catalogue, log: Logger): Promise<void> => {
  const problems = await catalogue.check();
  for (const problem of problems) log.warn({ event: "provider.refused", ...problem }, "left out");
  const counts = { providers: catalogue.list().length, refused: problems.length };
  log.info({ event: "catalogue.read", ...counts }, "the catalogue was read");
};

const readCatalogue = ({ providerFiles, role }: Config, log: Logger): Catalogue => {
  const catalogue = loadCatalogue({ files: providerFiles });
  if (providerFiles.length > 0 && role !== "worker") void reportCatalogue(catalogue, log);
  return catalogue;
};

const startWork = async ({ config, log, database, pool, keys, executor }: Parts, stops: Stops): Promise<void> => {
  const jobPool = createPool({
    url: database.url,
    max: config.concurrency + JOB_CONNECTIONS_BESIDE_RUNS,
    applicationName: `syncline jobs ${process.pid}`,
    // A plan cached while the jobs table was empty makes each fetch read all of it: 121 ms instead of 0.4.
    options: "-c plan_cache_mode=force_custom_plan",
    log,
  });
  stops.push(() => jobPool.end());
  const { startWorker } = await import("./jobs/worker.ts"); // not above: an API without a worker has no use for it
  const isAlone = database.isEmbedded;
  const worker = await startWorker({ ...config, pool, jobPool, executor, keys, isAlone, log });
  stops.push(worker.stop);
};

// Of two starts on one data folder the second mostly meets the first one's port; that the folder is in use says more.
const openOwnDoor = (config: Config, log: Logger): Promise<Door> =>
  openDoor(config).catch(async (error) => {
    if (config.databaseUrl === undefined) await (await openDatabase(config, log)).stop();
    throw error;
  });

type ApiParts = Omit<Parts, "executor"> & { door: Door; catalogue: Catalogue; stops: Stops };

/** Serves once it is given the executor; then it gives what ends the connections that last. */
const prepareApi = async ({ config, log, door, database: { url }, pool, keys, catalogue, stops }: ApiParts) => {
  // Not above: a worker has no use for it, which is a quarter of what it loads.
  const [{ createApp }, { createFlowSockets }, { createGraphql }] = await Promise.all([
    import("./http/app.ts"),
    import("./http/oauth/sockets.ts"),
    import("./graphql/graphql.ts"),
  ]);
  useFastGraphql();
  const graphql = createGraphql({ url, keys, catalogue, log, settings: config.graphql });
  stops.push(graphql.close);
  const flowSockets = createFlowSockets({ url, pool, log });
  return (runs: Executor): (() => Promise<void>) => {
    const { access } = config;
    const { explorer } = config.graphql;
    let isReady = true;
    const ready = () => isReady;
    door.serve(createApp({ db: pool, keys, catalogue, log, access, ready, runs, graphql, flowSockets, explorer }));
    return async () => {
      isReady = false;
      await Promise.all([graphql.hangUp(), flowSockets.close()]);
    };
  };
};

const startParts = async (config: Config, log: Logger, stops: Stops, signal: AbortSignal): Promise<Server> => {
  const door = config.role === "worker" ? undefined : await openOwnDoor(config, log);
  if (door !== undefined) stops.push(() => door.close());
  const database = await openDatabase(config, log);
  stops.push(database.stop);
  signal.throwIfAborted();
  await migrate({ url: database.url, log });
  signal.throwIfAborted(); // not later: API keys that are made now must be shown

  const pool = createPool({
    url: database.url,
    max: POOL_CONNECTIONS + config.concurrency + config.actionConcurrency,
    applicationName: `syncline ${config.role} ${process.pid}`,
    log,
  });
  stops.push(() => pool.end());
  const keyring = await loadKeyring(config, pool);
  const keys = createDataKeys({ db: pool, keyring });
  const catalogue = readCatalogue(config, log);
  // New API keys are shown once, so the process that people look at makes them, not one of many workers.
  const wanted = config.role === "worker" ? {} : { dev: config.devApiKey, prod: undefined };
  const environments = await ensureEnvironments({ db: pool, keyring })(wanted);
  await checkKeyring({ db: pool, keyring });
  await sealClearWebhookSecrets({ db: pool, keys });
  await sealClearIntegrationConfigs({ db: pool, keys });
  await tidyLogs(pool, {}); // today's partition of the log

  const serveApi = door && (await prepareApi({ config, log, door, database, pool, keys, catalogue, stops }));
  const executor = await startExecutor({ ...config, pool, url: database.url, keys, catalogue, log });
  stops.push(executor.stop);
  if (config.role !== "api") await startWork({ config, log, database, pool, keys, executor }, stops);
  const hangUp = serveApi?.(executor);
  // Callers are turned away first; those who have asked are answered, and for them all else stays open meanwhile.
  stops.push(async () => {
    void (door ? executor.stopAfter(Promise.all([hangUp?.(), door.close()])) : executor.stop());
  });
  return {
    url: door?.url ?? "",
    databaseUrl: database.url,
    psqlHint: database.psqlHint,
    newApiKeys: environments.flatMap(({ name, newKey }) =>
      newKey === null ? [] : [{ environment: name, key: newKey }],
    ),
    stop: () => stopAll(stops),
  };
};

/**
 * Start the server. Rejects with AppError when a setting, the data folder or the database's version forbids it, with the
 * signal's reason when that fires early; nothing is left running then.
 */
export const startServer = async (
  config: Config,
  log: Logger,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<Server> => {
  const stops: Stops = [];
  try {
    return await startParts(config, log, stops, signal);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
};
