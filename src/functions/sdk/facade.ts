// The face of the `nango` object: only what is public can be read, nothing internal can be reached or replaced.

const INTERNAL = new Set<PropertyKey>([
  "nango",
  "persistClient",
  "locking",
  "checkpointing",
  "integrationConfig",
  "memoizedConnections",
  "telemetryBag",
  "abortSignal",
  "lifecycle",
  "constructor",
  "__proto__",
]);

const refuseInternal = (key: PropertyKey): void => {
  if (INTERNAL.has(key)) throw new Error(`Access to "${String(key)}" is not allowed.`);
};

/** An object without a prototype that shows `members`; they need no `this`, so destructuring works. */
export const createFacade = (members: Record<string, unknown>): object => {
  const target: Record<PropertyKey, unknown> = Object.assign(Object.create(null), members);
  return new Proxy(target, {
    get: (_target, key) => {
      refuseInternal(key);
      return target[key];
    },
    set: (_target, key, value) => {
      refuseInternal(key);
      target[key] = value;
      return true;
    },
    has: (_target, key) => !INTERNAL.has(key) && key in target,
    getPrototypeOf: () => null,
    setPrototypeOf: () => false,
    defineProperty: () => false,
  });
};
