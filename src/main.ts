// The server: database, schema, keys, then the API, the worker, or both. Parts start in this order and stop in the reverse.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Config } from "./config.ts";
import { createDataKeys } from "./crypto/data-keys.ts";
import { createKeyring } from "./crypto/keyring.ts";
import { loadMasterKey } from "./crypto/master-key.ts";
import { openDatabase } from "./database.ts";
import { ensureEnvironments } from "./db/ensure-environments.ts";
import { migrate } from "./db/migrate.ts";
import { createPool } from "./db/pool.ts";
import { tidy } from "./db/runs.ts";
import { createApp } from "./http/app.ts";
import { startWorker } from "./jobs/worker.ts";
import type { Logger } from "./log.ts";
import { loadCatalogue } from "./providers/catalogue.ts";

const POOL_CONNECTIONS = 20;
const JOB_CONNECTIONS_BESIDE_RUNS = 7; // helpers, two LISTENs and a margin: too small a pool costs two thirds of the jobs
const DRAIN_MS = 5_000;

export type Server = {
  url: string;
  databaseUrl: string;
  psqlHint: string;
  /** API keys made just now: the only time they are known. */
  newApiKeys: { environment: string; key: string }[];
  stop: () => Promise<void>;
};

const whileStarting: RequestListener = (request, response) => {
  const isHealth = request.url === "/health";
  response.writeHead(isHealth ? 200 : 503, { "content-type": "application/json" });
  response.end(isHealth ? '{"result":"ok"}' : '{"error":{"code":"server_error","message":"The server is starting."}}');
};

// It listens before anything else is ready, so that /health answers at once.
const openDoor = async (config: Config) => {
  let handler = whileStarting;
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`,
    serve: (app: RequestListener) => {
      handler = app;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      server.closeIdleConnections();
      await closed;
      clearTimeout(impatience);
    },
  };
};

/** Start the server. Rejects with AppError when a setting, the data folder or the database's version forbids it; nothing is left running then. */
export const startServer = async (config: Config, log: Logger): Promise<Server> => {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let last = stops.pop(); last !== undefined; last = stops.pop()) await last();
  };
  try {
    const door = config.role === "worker" ? undefined : await openDoor(config);
    if (door !== undefined) stops.push(door.close);
    const masterKey = await loadMasterKey(config);
    const database = await openDatabase(config, log);
    stops.push(database.stop);
    await migrate({ url: database.url, log });

    const pool = createPool({
      url: database.url,
      max: POOL_CONNECTIONS + config.concurrency,
      applicationName: `syncline ${config.role} ${process.pid}`,
      log,
    });
    stops.push(() => pool.end());
    const keyring = createKeyring({ masterKey });
    const keys = createDataKeys({ db: pool, keyring });
    const catalogue = loadCatalogue({ files: config.providerFiles });
    for (const problem of catalogue.problems) log.warn({ event: "provider.refused", ...problem }, "left out");
    const environments = await ensureEnvironments({ db: pool, keyring })({ dev: config.devApiKey, prod: undefined });
    await tidy(pool, {});

    if (config.role !== "api") {
      const jobPool = createPool({
        url: database.url,
        max: config.concurrency + JOB_CONNECTIONS_BESIDE_RUNS,
        applicationName: `syncline jobs ${process.pid}`,
        // A plan cached while the jobs table was empty makes each fetch read all of it: 121 ms instead of 0.4.
        options: "-c plan_cache_mode=force_custom_plan",
        log,
      });
      stops.push(() => jobPool.end());
      const worker = await startWorker({
        ...config,
        pool,
        jobPool,
        url: database.url,
        keys,
        catalogue,
        isAlone: database.isEmbedded,
        log,
      });
      stops.push(worker.stop);
    }
    let isReady = true;
    stops.push(async () => {
      isReady = false;
    });
    door?.serve(createApp({ db: pool, keys, catalogue, log, ready: () => isReady }));
    return {
      url: door?.url ?? "",
      databaseUrl: database.url,
      psqlHint: database.psqlHint,
      newApiKeys: environments.flatMap(({ name, newKey }) =>
        newKey === null ? [] : [{ environment: name, key: newKey }],
      ),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
