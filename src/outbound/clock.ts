// The time, and waiting for it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./types.ts";

// What a timer holds; a longer wait is slept in the worker's next life anyway.
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal }),
};
