// getCheckpoint, saveCheckpoint, clearCheckpoint.
import { clearCheckpoint as clear, getCheckpoint as get } from "../../db/checkpoints.ts";
import { AppError } from "../../errors.ts";
import type { RunHost } from "./run-host.ts";

/** `getCheckpoint()`: null when there is none. A failed read is an error: it must not look like "start over". */
export const getCheckpoint = (host: RunHost) => () => get(host.pool, { run: host.lease.id });

/** `saveCheckpoint(value)`: commits with the records held before it. Throws `execution_interrupted` when the slice is over. */
export const saveCheckpoint =
  (host: RunHost) =>
  async (value: Record<string, unknown>): Promise<void> => {
    const isSliceOver = await host.writes.flush(value ?? null);
    if (!isSliceOver) return;
    host.interrupt();
    throw new AppError("execution_interrupted");
  };

/** `clearCheckpoint()`: nothing happens when there is none. */
export const clearCheckpoint = (host: RunHost) => async (): Promise<void> => {
  await host.writes.flush();
  await clear(host.pool, host.fence);
};
