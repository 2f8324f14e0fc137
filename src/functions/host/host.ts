// The host's side of one run: the table of what a function may ask for.
import type { Renewals } from "../../auth/renew.ts";
import type { DataKeys } from "../../crypto/data-keys.ts";
import type { Pool } from "../../db/pool.ts";
import { emptyCache, setMergingStrategy } from "../../db/records.ts";
import type { Lease } from "../../db/runs.ts";
import { AppError, hasCode } from "../../errors.ts";
import type { HttpClient } from "../../outbound/client.ts";
import type { SendRequest } from "../../outbound/types.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import type { HostCall } from "../protocol.ts";
import { clearCheckpoint, getCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { createConnection } from "./connection.ts";
import { type RunAction, startSync, triggerAction, triggerSync } from "./control.ts";
import { deletePrevious, trackWholeRun } from "./deletes.ts";
import { watchEarlySaves } from "./early-saves.ts";
import { getEnvironmentVariables } from "./environment.ts";
import { uncontrolledFetch } from "./fetch.ts";
import { getIntegration, getWebhookURL } from "./integration.ts";
import { releaseAllLocks, releaseLock, tryAcquireLock } from "./locks.ts";
import { getRecordsByIds, listRecords } from "./read.ts";
import { createProxy } from "./requests.ts";
import { createRunHost, type RunHost, type Say } from "./run-host.ts";
import { batchDelete, batchSave } from "./save.ts";
import { batchUpdate } from "./update.ts";

/** Without `http` there is no uncontrolledFetch, without `runAction` no triggerAction. */
export type HostDeps = {
  pool: Pool;
  keys: DataKeys;
  catalogue: Catalogue;
  send: SendRequest;
  http?: HttpClient | undefined;
  /** Keeps credentials fresh; without it they are used as they are. */
  renewals?: Renewals | undefined;
  /** Where providers reach this server. */
  serverUrl?: string | undefined;
  runAction?: RunAction | undefined;
};

type Method = (...args: never[]) => Promise<unknown>;

const mergeOnce = (host: RunHost) => {
  const asked = new Set<string>();
  return async ({ strategy }: { strategy: string }, model: string): Promise<void> => {
    if (asked.has(model)) {
      const message = `setMergingStrategy was called again for ${model}: the first call stands`;
      host.say({ kind: "message", level: "warn", message });
      return;
    }
    await host.writes.flush();
    await setMergingStrategy(host.pool, { ...host.fence, stream: await host.streamOf(model), strategy });
    asked.add(model);
  };
};

/**
 * The host of one run: `call` answers the function, `start` and `end` frame it, `isInterrupted` says that its slice is over,
 * `isDatabaseLost` that a call met no database.
 */
export const createHost = (
  deps: HostDeps & { lease: Lease; say: Say; signal: AbortSignal; onSaved?: (() => void) | undefined },
) => {
  const host = createRunHost(deps);
  const connection = createConnection(host, deps);
  const wholeRun = trackWholeRun(host);
  const previous = deletePrevious(host);
  const early = watchEarlySaves(host);

  const inOrder: Record<string, Method> = {
    batchSave: early.saving(batchSave(host)),
    batchUpdate: early.saving(batchUpdate(host)),
    batchDelete: batchDelete(host),
    getCheckpoint: getCheckpoint(host),
    saveCheckpoint: saveCheckpoint(host),
    clearCheckpoint: clearCheckpoint(host),
    trackDeletesStart: early.starting(wholeRun.trackDeletesStart),
    trackDeletesEnd: early.ending(wholeRun.trackDeletesEnd),
    deleteRecordsFromPreviousExecutions: previous.call,
    setMergingStrategy: mergeOnce(host),
    getRecordsByIds: getRecordsByIds(host),
    listRecords: listRecords(host),
    triggerSync: triggerSync(host),
    startSync: startSync(host),
    releaseLock: releaseLock(host),
    releaseAllLocks: releaseAllLocks(host),
  };
  const atOnce: Record<string, Method> = {
    proxy: createProxy({ host, connection, send: deps.send, signal: deps.signal }),
    getMetadata: connection.getMetadata,
    setMetadata: connection.setMetadata,
    updateMetadata: connection.updateMetadata,
    getConnection: connection.getConnection,
    getToken: connection.getToken,
    getIntegration: getIntegration(host, deps),
    getWebhookURL: getWebhookURL(host, deps),
    getEnvironmentVariables: getEnvironmentVariables(host),
    uncontrolledFetch: uncontrolledFetch(host, { http: deps.http, signal: deps.signal }),
    triggerAction: triggerAction(host, { runAction: deps.runAction, signal: deps.signal }),
    tryAcquireLock: tryAcquireLock(host),
    log: async ({ level, message, meta }: { level: "info"; message: string; meta?: unknown }) =>
      host.say({ kind: "message", level, message, ...(meta === undefined ? {} : { detail: meta }) }),
  };

  // Kept apart from what the function makes of it: it may catch the error, but what it wrote may be lost.
  let isDatabaseLost = false;
  const answer: HostCall = async (method, args) => {
    if (deps.signal.aborted) throw new AppError("script_aborted");
    if (host.isInterrupted()) throw new AppError("execution_interrupted");
    const ordered = Object.hasOwn(inOrder, method) ? inOrder[method] : undefined;
    if (ordered !== undefined) return host.inOrder(() => ordered(...(args as never[])));
    const direct = Object.hasOwn(atOnce, method) ? atOnce[method] : undefined;
    if (direct === undefined) throw new AppError("script_internal_error", `nango.${method} is not available here`);
    return direct(...(args as never[]));
  };
  const call: HostCall = (method, args) =>
    answer(method, args).catch((error) => {
      isDatabaseLost ||= hasCode(error, "database_unavailable");
      throw error;
    });

  return {
    call,
    redact: host.redactor.redact,
    isInterrupted: host.isInterrupted,
    isDatabaseLost: () => isDatabaseLost,
    /** Before `bundle`, the function's code, is run. */
    start: async (bundle: string): Promise<void> => {
      if (deps.lease.empty_cache) {
        await emptyCache(host.pool, host.fence);
        host.onSaved();
      }
      if (deps.lease.delivers) for (const model of deps.lease.models) await host.streamOf(model);
      if (deps.lease.kind !== "sync") return; // else windows would stand in the way of the sync's own
      await wholeRun.start();
      await previous.start(bundle);
      early.start(bundle);
    },
    /** After the function failed: what it saved before stays saved. */
    keep: async (): Promise<void> => {
      await host
        .inOrder(() => host.writes.flush())
        .catch((error) => {
          if (hasCode(error, "SL001") || hasCode(error, "database_unavailable")) throw error;
        });
    },
    /** After the function returned: send what is held and, for `trackDeletes`, delete what was not seen. */
    end: async (): Promise<void> => {
      await host.inOrder(() => host.writes.flush());
      if (host.isInterrupted()) return;
      await previous.end();
      await early.end();
      await wholeRun.end();
    },
  };
};
