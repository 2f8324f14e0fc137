// A clock that stands until it is moved; who sleeps wakes when it has come so far.
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../src/outbound/types.ts";

type Sleeper = { at: number; wake: () => void };

/** Starts at noon. `forward` wakes sleepers in the order of their times, and lets each do what follows before the next. */
export const manualClock = (now = Date.parse("2026-03-01T12:00:00Z")) => {
  let current = now;
  const sleepers = new Set<Sleeper>();
  const clock: Clock = {
    now: () => current,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: current + ms, wake: resolve };
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        if (signal?.aborted) return onAbort();
        sleepers.add(sleeper);
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
  };
  const forward = async (ms: number): Promise<void> => {
    const end = current + ms;
    for (;;) {
      await turn();
      const [next] = [...sleepers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      current = Math.max(current, next.at);
      sleepers.delete(next);
      next.wake();
    }
    current = end;
    await turn();
  };
  return { clock, forward, sleeping: () => sleepers.size, start: now };
};
