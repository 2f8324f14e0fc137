// What was found out about queries, remembered for as long as a schema lives: the latest, up to a number and a size, so
// that a flood of different queries displaces itself and nothing grows.

const MOST_ENTRIES = 100;
const MOST_CHARACTERS = 200_000; // a parsed query takes about 200 bytes for each

export type Memory<T> = { get: (query: string) => T | undefined; set: (query: string, value: T) => void };

const createLatest = <T>(): Memory<T> => {
  const entries = new Map<string, T>();
  let characters = 0;
  const forgetOldest = () => {
    const [oldest] = entries.keys();
    if (oldest === undefined) return;
    characters -= oldest.length;
    entries.delete(oldest);
  };
  return {
    get: (query) => {
      const found = entries.get(query);
      if (found === undefined) return undefined;
      entries.delete(query); // the end of a Map is where the latest are
      entries.set(query, found);
      return found;
    },
    set: (query, value) => {
      if (entries.delete(query)) characters -= query.length;
      entries.set(query, value);
      characters += query.length;
      while (entries.size > MOST_ENTRIES || (characters > MOST_CHARACTERS && entries.size > 1)) forgetOldest();
    },
  };
};

/** A memory for each schema, gone with it. */
export const createMemories = <T>(): ((schema: object) => Memory<T>) => {
  const memories = new WeakMap<object, Memory<T>>();
  return (schema) => {
    const memory = memories.get(schema) ?? createLatest<T>();
    memories.set(schema, memory);
    return memory;
  };
};
