// A piece of work again and again, a pause after each: the next starts only when the last has settled.
import { setTimeout as sleep } from "node:timers/promises";

export type Beat = { stop: () => Promise<void> };

/** Call `work` now and then every `everyMs`; a rejection is handed to `onError` and the beat goes on. `stop` waits for the one in progress. */
export const startBeat = (everyMs: number, work: () => Promise<void>, onError: (error: unknown) => void): Beat => {
  const stopping = new AbortController();
  const forever = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await work().catch(onError);
      await sleep(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  };
  const running = forever();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
