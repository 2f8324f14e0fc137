// Waiting for a condition, with a name for what did not come true.
import { setTimeout as tick } from "node:timers/promises";

const LOOK_AGAIN_MS = 20;

/** Look every 20 ms until `check` gives something true, and give that. Throws an error that names `what` after `ms`. */
export const until = async <T>(
  what: string,
  check: () => Promise<T> | T,
  ms = 60_000, // what takes one second took 30 on a machine with ten times as much to do
): Promise<Exclude<T, false | null | undefined>> => {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await check();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`${what}: not true within ${ms} ms`);
    await tick(LOOK_AGAIN_MS);
  }
};
