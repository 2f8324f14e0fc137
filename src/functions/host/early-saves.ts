// Records saved before trackDeletesStart, which count as seen. Of what has not changed the engine keeps no note unless a
// window is open, so a run whose code names the method gets one with its first save, dropped when the function wants none.
import { dropRefresh, openEarlyRefresh } from "../../db/records.ts";
import type { RunHost } from "./run-host.ts";

const START = "trackDeletesStart";
const OTHER = "deleteRecordsFromPreviousExecutions"; // has a window of its own from the start

type Save<Args extends [rows: unknown, model: string]> = (...args: Args) => Promise<unknown>;

/** Wraps what saves, and what starts and ends windows; `end` drops the windows that nobody asked for. */
export const watchEarlySaves = (host: RunHost) => {
  let isWatching = false;
  const settled = new Set<string>();
  const early = new Map<string, number>();

  const beforeSave = async (model: string): Promise<void> => {
    if (!isWatching || settled.has(model)) return;
    settled.add(model);
    const stream = await host.streamOf(model);
    if ((await openEarlyRefresh(host.pool, { ...host.fence, stream })) !== null) early.set(model, stream);
  };

  return {
    start: (bundle: string): void => {
      isWatching = !host.lease.track_deletes && bundle.includes(START) && !bundle.includes(OTHER);
    },
    saving:
      <Args extends [rows: unknown, model: string]>(save: Save<Args>): Save<Args> =>
      async (...args) => {
        await beforeSave(args[1]);
        return save(...args);
      },
    /** trackDeletesStart: from now on the window is the function's. */
    starting:
      <T>(start: (model: string) => Promise<T>) =>
      (model: string): Promise<T> => {
        settled.add(model);
        early.delete(model);
        return start(model);
      },
    /** trackDeletesEnd: without a start there is no window, then or now. */
    ending:
      <T>(end: (model: string) => Promise<T>) =>
      async (model: string): Promise<T> => {
        const stream = early.get(model);
        if (stream !== undefined) await dropRefresh(host.pool, { ...host.fence, stream });
        settled.add(model);
        early.delete(model);
        return end(model);
      },
    end: async (): Promise<void> => {
      for (const stream of early.values()) await dropRefresh(host.pool, { ...host.fence, stream });
    },
  };
};
