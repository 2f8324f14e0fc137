// What every benchmark stands on: a server on a new embedded Postgres with durable settings, and a way to measure.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { readConfig } from "../../src/config.ts";
import { createDataKeys, type DataKeys } from "../../src/crypto/data-keys.ts";
import { loadKeyring } from "../../src/crypto/master-key.ts";
import { findServer } from "../../src/db/embedded/stale.ts";
import { readState } from "../../src/db/embedded/state.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { compileFolder } from "../../src/functions/compile.ts";
import { createLogger } from "../../src/log.ts";
import { type Server, startServer } from "../../src/main.ts";
import { ownCpuMs, serverCpuMs } from "./cpu.ts";
import { writeFunctions } from "./functions.ts";

export const API_KEY = "bench-key-0123456789abcdef";

export type Measured = { ms: number; cpuMs: number; walBytes: number };

export type Bench = {
  pool: Pool;
  databaseUrl: string;
  keys: DataKeys;
  server: Server;
  /** Call the REST API; rejects on anything but 2xx. */
  api: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<unknown>;
  /** Make a connection of integration `bench`; its id in the table. */
  connect: (name: string, baseUrl?: string) => Promise<number>;
  /** The settings with which another process works on the same database. */
  processEnv: Record<string, string>;
  /** Milliseconds of processor time that Postgres has used. */
  postgresCpuMs: () => number;
  /** Time, processor time (ours and Postgres's) and WAL of a piece of work. */
  measure: (work: () => Promise<void>) => Promise<Measured>;
  stop: () => Promise<void>;
};

const apiOf =
  (url: string): Bench["api"] =>
  async (method, route, body, headers = {}) => {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return JSON.parse(text);
  };

/** A fresh server with integration `bench` and the benchmark functions; `role` api leaves the runs to the caller. */
export const setUp = async (role: "all" | "api", concurrency = 10): Promise<Bench> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-bench-"));
  const config = readConfig({
    PORT: "0",
    SYNCLINE_DATA: path.join(folder, "data"),
    SYNCLINE_DEV_API_KEY: API_KEY,
    SYNCLINE_ROLE: role,
    SYNCLINE_CONCURRENCY: String(concurrency),
    LOG_LEVEL: "warn",
  });
  const server = await startServer(config, createLogger("warn"));
  const pool = createPool({ url: server.databaseUrl, max: 30, applicationName: "syncline bench" });
  const keyring = await loadKeyring(config, pool);
  const keys = createDataKeys({ db: pool, keyring });
  const postmaster = findServer(readState(config.dataFolder)!.cluster)!;
  const api = apiOf(server.url);
  const scripts = path.join(folder, "functions");
  writeFunctions(scripts);
  const { functions, problems } = await compileFolder(scripts);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  await api("POST", "/integrations", { provider: "unauthenticated", unique_key: "bench" });
  await api("POST", "/deploy", { functions, mode: "all" });

  const wal = async (): Promise<number> =>
    Number((await pool.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes")).rows[0].bytes);
  return {
    pool,
    databaseUrl: server.databaseUrl,
    keys,
    server,
    api,
    connect: async (name, baseUrl = "http://127.0.0.1:9") => {
      const made = (await api("POST", "/connections", {
        provider_config_key: "bench",
        connection_id: name,
        credentials: { type: "NONE" },
        connection_config: { baseUrl },
      })) as { id: number };
      return made.id;
    },
    processEnv: { DATABASE_URL: server.databaseUrl, SYNCLINE_DATA: config.dataFolder, SYNCLINE_DEV_API_KEY: API_KEY },
    postgresCpuMs: () => serverCpuMs(postmaster),
    measure: async (work) => {
      const walBefore = await wal();
      const cpuBefore = ownCpuMs() + serverCpuMs(postmaster);
      const startedAt = performance.now();
      await work();
      const ms = performance.now() - startedAt;
      const cpuMs = ownCpuMs() + serverCpuMs(postmaster) - cpuBefore;
      return { ms, cpuMs, walBytes: (await wal()) - walBefore };
    },
    stop: async () => {
      await pool.end();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
