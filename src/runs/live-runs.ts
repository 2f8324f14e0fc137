// The runs this process works on: their tokens for the heartbeat, and the switch that stops each.
import { AppError } from "../errors.ts";

type Live = { token: number; abort: AbortController; done: Promise<unknown> };

export type LiveRuns = ReturnType<typeof createLiveRuns>;

/** The register of live runs of one worker. */
export const createLiveRuns = () => {
  const runs = new Map<number, Live>();
  return {
    /** Run `work` with a signal that `stop` fires; the run is registered until it settles. */
    track: async <T>(run: { id: number; token: number }, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      const abort = new AbortController();
      const done = work(abort.signal).finally(() => runs.delete(run.id));
      runs.set(run.id, { token: run.token, abort, done });
      return await done;
    },
    held: (): { runs: number[]; tokens: number[] } => ({
      runs: [...runs.keys()],
      tokens: [...runs.values()].map(({ token }) => token),
    }),
    stop: (run: number, reason: AppError = new AppError("script_aborted")): void => runs.get(run)?.abort.abort(reason),
    stopAll: (reason: AppError): void => {
      for (const { abort } of runs.values()) abort.abort(reason);
    },
    settled: async (): Promise<void> => {
      while (runs.size > 0) await Promise.allSettled([...runs.values()].map(({ done }) => done));
    },
  };
};
