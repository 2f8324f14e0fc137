// What works on runs in one process, whatever woke it: its name among the workers, the runs it holds, their heartbeat and
// the isolates they share.
import { randomBytes } from "node:crypto";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthDeps, FreshAuthDeps } from "../auth/auth.ts";
import { checkCredentials } from "../auth/check.ts";
import { createRenewals } from "../auth/renew.ts";
import type { DataKeys } from "../crypto/data-keys.ts";
import { createBell } from "../db/bell.ts";
import { createLogWriter, type LogWriter } from "../db/log-writer.ts";
import type { Pool } from "../db/pool.ts";
import { shareRateLimits } from "../db/rate-limits.ts";
import type { Lease } from "../db/runs.ts";
import { createIsolatePool, type IsolatePool } from "../functions/isolate-pool.ts";
import type { Logger } from "../log.ts";
import { type CheckHost, createHostCheck } from "../outbound/check-host.ts";
import { type ClientDeps, createHttpClient } from "../outbound/client.ts";
import { createFetch } from "../outbound/fetch.ts";
import { createForwarding, type Forward } from "../outbound/forward.ts";
import { createFetchKeys, type FetchKeys } from "../outbound/public-keys.ts";
import { createRateLimits } from "../outbound/rate-limits.ts";
import { sendRequest } from "../outbound/send.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import { createBundles } from "./bundles.ts";
import { createDirectRuns, type DirectRuns } from "./direct.ts";
import { createDoorbell } from "./doorbell.ts";
import { createDryRun, type DryRun } from "./dry-run.ts";
import { type Heart, startHeart } from "./heart.ts";
import { createKeptActions, type KeptActions } from "./kept-actions.ts";
import { createLiveRuns } from "./live-runs.ts";
import { createTestWebhooks, type TestWebhooks } from "./test-webhook.ts";
import { RELEASED, workOnRun } from "./work-on-run.ts";

const ISOLATE_MEMORY_MB = 128;
const GRACE_MS = 7_000;
// An answer with a token is a few KB; whose server is asked, end users say. The 100 MB of an API's answers would be memory for them.
const TOKEN_BYTES = 1024 * 1024;

export type ExecutorDeps = {
  pool: Pool;
  url: string;
  keys: DataKeys;
  catalogue: Catalogue;
  allowPrivateHosts: string[];
  /** Where providers reach this server; functions are told where their webhooks go. */
  serverUrl?: string | undefined;
  /** How the names of providers become addresses; the system's way, unless given. */
  lookup?: ClientDeps["lookup"];
  /** So many functions run at a time, */
  concurrency: number;
  /** and beside them so many actions and others that somebody waits for; as many unless said otherwise. */
  actionConcurrency?: number;
  /** How long a stop lets runs go on: 7 of the 10 s it may take, the rest is for giving runs back. */
  graceMs?: number;
  log: Logger;
};

export type Executor = {
  /** The name under which this process holds leases. */
  id: string;
  logs: LogWriter;
  announcePools: Heart["announcePools"];
  /** Make the isolates now, which otherwise come with the first run. */
  prepare: () => void;
  isStopping: () => boolean;
  /** Work on a claimed run until it ends. Never rejects. */
  work: (lease: Lease) => Promise<void>;
  /** Run an action now and give its value. Rejects with FunctionFailed when its function fails, `not_found` when there is none. */
  runAction: DirectRuns["runAction"];
  /** Actions whose result is kept. */
  actions: KeptActions;
  actionConcurrency: number;
  /** Run the functions of an event now, one after another; those that failed. */
  runEvent: DirectRuns["runEvent"];
  /** Run a function that is not deployed, without storing anything. */
  dryRun: DryRun;
  /** Pass a request of the API's caller on to a provider, under the limits that the runs of this process know. */
  forward: Forward;
  /** What connections are made and renewed with. */
  auth: FreshAuthDeps;
  /** Renew or test the credentials of a connection that nobody uses. */
  checkCredentials: (connection: number) => Promise<void>;
  /** Whether a URL that is set now may be requested. */
  checkHost: CheckHost;
  /** Send a signed test to the URLs of an environment. */
  testWebhooks: TestWebhooks;
  /** The public keys that providers sign webhooks with. */
  fetchKeys: FetchKeys;
  /** Take no more, let runs finish for a while, give the rest back; resolves when all is quiet. The same however often called. */
  stop: () => Promise<void>;
  /** The same, but until `answered`, or the end of that while, requests still get the runs and forwards that they ask for. */
  stopAfter: (answered: Promise<unknown>) => Promise<void>;
};

const lazy = <T>(make: () => T) => {
  let made: T | undefined;
  return {
    get: (): T => {
      made ??= make();
      return made;
    },
    ifMade: (): T | undefined => made,
  };
};

/** Start what works on runs in this process; it takes none by itself. */
export const startExecutor = async (deps: ExecutorDeps): Promise<Executor> => {
  const { pool, log, concurrency, actionConcurrency = concurrency, graceMs = GRACE_MS } = deps;
  const id = `${os.hostname()}:${process.pid}:${randomBytes(4).toString("hex")}`;
  const bell = createBell({ db: pool, log });
  const logs = createLogWriter({ db: pool, log });
  const live = createLiveRuns();
  const heart = await startHeart({ pool, url: deps.url, worker: id, live, log });
  const isolates = lazy(() =>
    createIsolatePool({ size: concurrency, direct: actionConcurrency, memoryMb: ISOLATE_MEMORY_MB, log }),
  );
  const shared = shareRateLimits({ pool, url: deps.url, log });
  const limits = createRateLimits({ shared, log });
  await shared.read();
  const runIsolate: IsolatePool["run"] = (...job) => isolates.get().run(...job);
  const { allowPrivateHosts, lookup } = deps;
  const requests = { allowPrivateHosts, ...(lookup && { lookup }), log, limits };
  const http = createHttpClient(deps);
  const tokenHttp = createHttpClient({ ...deps, maxBodyBytes: TOKEN_BYTES });
  const forwarding = createForwarding(requests);
  const plainAuth: AuthDeps = { ...deps, fetch: createFetch(tokenHttp), forward: forwarding.forward };
  const renewals = createRenewals({ ...plainAuth, worker: id });
  const auth: FreshAuthDeps = { ...plainAuth, renewals };
  const hostDeps = { ...deps, http, send: sendRequest(requests), renewals };
  const workOn = workOnRun({
    ...hostDeps,
    runIsolate,
    runNested: (asked) => direct.runAction(asked),
    bundleOf: createBundles({ db: pool }),
    logs,
    onWebhooks: createDoorbell({ db: pool, log }),
    bell,
  });

  let isClosed = false;
  const end = async (answered?: Promise<unknown>): Promise<void> => {
    isClosed = answered === undefined;
    const endsAt = performance.now() + graceMs;
    const quiet = Promise.resolve(answered).then(live.settled); // a request may begin a run until it is answered
    await Promise.race([quiet, sleep(graceMs, undefined, { ref: false })]);
    isClosed = true;
    live.stopAll(RELEASED);
    await Promise.all([live.settled(), forwarding.close(Math.max(0, endsAt - performance.now())), answered]);
    await Promise.all([heart.stop(), shared.close()]);
    await isolates.ifMade()?.close();
    // What a provider has given already must be stored.
    await Promise.race([renewals.settled(), sleep(graceMs, undefined, { ref: false })]);
    await Promise.all([http.close(), tokenHttp.close()]);
    await logs.flush();
  };
  let ending: Promise<void> | undefined;
  const stop = (answered?: Promise<unknown>): Promise<void> => {
    ending ??= end(answered);
    return ending;
  };
  const isStopping = () => ending !== undefined;
  const directDeps = { pool, worker: id, live, isStopping: () => isClosed, workOn };
  const direct = createDirectRuns(directDeps);

  const work = async (lease: Lease): Promise<void> => {
    const done = live.track(lease, (signal) => workOn(lease, signal));
    if (isStopping()) live.stop(lease.id, RELEASED); // claimed while the stop began
    await done;
  };

  return {
    id,
    logs,
    announcePools: heart.announcePools,
    prepare: () => void isolates.get(),
    isStopping,
    work,
    ...direct,
    actionConcurrency,
    actions: createKeptActions({ ...directDeps, keys: deps.keys, log }),
    forward: forwarding.forward,
    auth,
    checkCredentials: (connection) => checkCredentials({ ...auth, worker: id }, connection),
    checkHost: createHostCheck(deps),
    testWebhooks: createTestWebhooks({ db: pool, keys: deps.keys, http, logs }),
    fetchKeys: createFetchKeys(http),
    dryRun: createDryRun({ ...hostDeps, runIsolate }),
    stop: () => stop(),
    stopAfter: stop,
  };
};
