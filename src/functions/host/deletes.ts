// trackDeletesStart, trackDeletesEnd and what else deletes what a full refresh did not see.
import { isIncremental } from "../../db/checkpoints.ts";
import { delivering } from "../../db/landings.ts";
import { deleteMissing, dropRefresh, endRefresh, openOwnRefresh, openRefresh } from "../../db/records.ts";
import type { RunHost } from "./run-host.ts";

// A window of its own would end that of the sync's run beside it, and what that one has seen would count as gone.
const warnOfWebhook = (host: RunHost, method: string): void =>
  host.say({
    kind: "message",
    level: "warn",
    message: `${method} does nothing in a webhook run, which does not see every record: use batchDelete`,
  });

/** `trackDeletesStart(model)`. */
export const trackDeletesStart =
  (host: RunHost) =>
  async (model: string): Promise<void> => {
    const stream = await host.streamOf(model);
    if (host.lease.kind === "webhook") return warnOfWebhook(host, "trackDeletesStart");
    await host.writes.flush();
    await openRefresh(host.pool, { ...host.fence, stream });
  };

/** `trackDeletesEnd(model)`: the ids of what was deleted; none when the brake stopped it. */
export const trackDeletesEnd =
  (host: RunHost) =>
  async (model: string): Promise<{ deletedKeys: string[] }> => {
    const stream = await host.streamOf(model);
    if (host.lease.kind === "webhook") {
      warnOfWebhook(host, "trackDeletesEnd");
      return { deletedKeys: [] };
    }
    await host.writes.flush();
    const end = await endRefresh(host.pool, { ...host.fence, stream });
    const deletedKeys: string[] = [];
    if (end.verdict === "needs_approval") {
      host.say({
        kind: "change",
        level: "error",
        message:
          `this refresh would delete ${end.missing} of ${end.live} records of ${model}: nothing was deleted. ` +
          `Apply: select syncline.approve_deletes(${end.refresh_id}); drop: select syncline.discard_deletes(${end.refresh_id});`,
        detail: { refresh: end.refresh_id, missing: end.missing, live: end.live },
      });
      return { deletedKeys };
    }
    for (;;) {
      const chunk = await delivering(deleteMissing(host.pool, { ...host.fence, refresh: end.refresh_id }));
      if (chunk === null) return { deletedKeys };
      host.onSaved();
      for (const id of chunk) deletedKeys.push(id);
    }
  };

/** The `trackDeletes: true` option: the windows of all models around a whole run, but for those the function ends itself. */
export const trackWholeRun = (host: RunHost) => {
  let isTracking = false;
  const endedBefore = new Set<string>();
  return {
    trackDeletesStart: async (model: string): Promise<void> => {
      await trackDeletesStart(host)(model);
      endedBefore.delete(model);
    },
    trackDeletesEnd: async (model: string): Promise<{ deletedKeys: string[] }> => {
      const ended = await trackDeletesEnd(host)(model);
      endedBefore.add(model);
      return ended;
    },
    start: async (): Promise<void> => {
      if (!host.lease.track_deletes) return;
      if (await isIncremental(host.pool, { run: host.lease.id })) {
        const message =
          "trackDeletes is skipped: this run goes on from the checkpoint of a finished run, so it does not see every record";
        host.say({ kind: "message", level: "warn", message });
        return;
      }
      isTracking = true;
      for (const model of host.lease.models) await trackDeletesStart(host)(model);
    },
    end: async (): Promise<void> => {
      if (!isTracking) return;
      for (const model of host.lease.models.filter((one) => !endedBefore.has(one))) await trackDeletesEnd(host)(model);
    },
  };
};

const PREVIOUS = "deleteRecordsFromPreviousExecutions";

/**
 * `deleteRecordsFromPreviousExecutions(model)`. What this run saves must be known from its first record on, so a run whose
 * code names the method has a window for each model from its start; those it did not need are dropped at its end.
 */
export const deletePrevious = (host: RunHost) => {
  let isWatching = false;
  const open = new Map<string, number>();
  const done = new Set<string>();
  const warn = (message: string): { deletedKeys: string[] } => {
    host.say({ kind: "message", level: "warn", message: `${PREVIOUS}: ${message}; nothing was deleted` });
    return { deletedKeys: [] };
  };
  return {
    start: async (bundle: string): Promise<void> => {
      if (host.lease.track_deletes || !bundle.includes(PREVIOUS)) return;
      isWatching = true;
      for (const model of host.lease.models) {
        const stream = await host.streamOf(model);
        if ((await openOwnRefresh(host.pool, { ...host.fence, stream })) !== null) open.set(model, stream);
      }
    },
    call: async (model: string): Promise<{ deletedKeys: string[] }> => {
      await host.streamOf(model); // refuses what is not declared
      if (host.lease.kind === "webhook") return warn("a webhook run does not see every record");
      if (done.has(model)) return warn(`it was called for ${model} before`);
      if (host.lease.track_deletes) return warn("trackDeletes does the same at the end of the run");
      if (!isWatching) return warn("the name of the method must stand in the function's code as it is");
      if (!open.has(model)) return warn("this run goes on midway, so it has not saved every record");
      open.delete(model);
      done.add(model);
      return trackDeletesEnd(host)(model);
    },
    end: async (): Promise<void> => {
      for (const stream of open.values()) await dropRefresh(host.pool, { ...host.fence, stream });
    },
  };
};
