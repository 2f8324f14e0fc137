// What was opened is remembered for a while, as opening it again costs; a timer forgets it, whether or not somebody asks.

export type Memory<K, V> = {
  get: (key: K) => V | undefined;
  /** Remember what was begun to be read at `since` (of performance.now()): it is forgotten so long after that. */
  set: (key: K, value: V, since: number) => void;
};

/** Remembers at most `most` for `ms` each; the oldest goes first. */
export const createMemory = <K, V>({ most, ms }: { most: number; ms: number }): Memory<K, V> => {
  const known = new Map<K, V>();
  return {
    get: (key) => known.get(key),
    set: (key, value, since) => {
      const left = since + ms - performance.now();
      if (left <= 0) return;
      known.delete(key);
      if (known.size >= most) known.delete(known.keys().next().value as K);
      known.set(key, value);
      const forget = (): void => {
        if (known.get(key) === value) known.delete(key);
      };
      setTimeout(forget, left).unref();
    },
  };
};
