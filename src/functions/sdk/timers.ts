// setTimeout for functions: numbers instead of host objects, and no timer outlives its run.

export type HostTimers = { start: (ms: number, fire: () => void) => number; stop: (id: number) => void };

/** `onError` gets what a callback threw. */
export const createTimers = (host: HostTimers, onError: (error: unknown) => void) => {
  const running = new Set<number>();

  const setTimeout = (callback: (...args: unknown[]) => unknown, ms: unknown = 0, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TypeError("setTimeout needs a function.");
    const id = host.start(Number(ms) || 0, () => {
      running.delete(id);
      try {
        callback(...args);
      } catch (error) {
        onError(error);
      }
    });
    running.add(id);
    return id;
  };

  const clearTimeout = (id: unknown): void => {
    if (running.delete(id as number)) host.stop(id as number);
  };

  const clearAll = (): void => {
    for (const id of running) host.stop(id);
    running.clear();
  };

  return { setTimeout, clearTimeout, clearAll };
};
