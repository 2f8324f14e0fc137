// setTimeout for functions: numbers instead of host objects, and no timer outlives its run.

export type HostTimers = { start: (ms: number, fire: () => void) => number; stop: (id: number) => void };

/** `onError` gets what a callback threw; `onQuiet` is called whenever the last timer has fired or was stopped. */
export const createTimers = (host: HostTimers, onError: (error: unknown) => void, onQuiet: () => void) => {
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
      if (running.size === 0) onQuiet();
    });
    running.add(id);
    return id;
  };

  const clearTimeout = (id: unknown): void => {
    if (!running.delete(id as number)) return;
    host.stop(id as number);
    if (running.size === 0) onQuiet();
  };

  const clearAll = (): void => {
    for (const id of running) host.stop(id);
    running.clear();
  };

  return { setTimeout, clearTimeout, clearAll, count: () => running.size };
};
