// tryAcquireLock, releaseLock, releaseAllLocks: rows of the database, so they exclude runs of other processes too.
import { releaseLock as release, releaseLocks, tryAcquireLock as tryAcquire } from "../../db/locks.ts";
import { AppError } from "../../errors.ts";
import type { RunHost } from "./run-host.ts";

const checkKey = (key: unknown): void => {
  if (typeof key !== "string") throw new AppError("SL004", "a lock's key is a text of 1 to 255 characters");
};

/** `tryAcquireLock(key, ttlMs)`: true when this run holds the lock now. */
export const tryAcquireLock =
  (host: RunHost) =>
  async (key: string, ttlMs: number): Promise<boolean> => {
    checkKey(key);
    if (typeof ttlMs !== "number") throw new AppError("SL004", "a lock's ttlMs is a number of milliseconds above 0");
    return tryAcquire(host.pool, { ...host.fence, key, ttlMs });
  };

/** `releaseLock(key)`: false when the run did not hold it. What it wrote under the lock is committed first. */
export const releaseLock =
  (host: RunHost) =>
  async (key: string): Promise<boolean> => {
    checkKey(key);
    await host.writes.flush();
    return release(host.pool, { ...host.fence, key });
  };

/** `releaseAllLocks()`. */
export const releaseAllLocks = (host: RunHost) => async (): Promise<void> => {
  await host.writes.flush();
  await releaseLocks(host.pool, host.fence);
};
