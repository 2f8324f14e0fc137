// The keys of environments, looked up once and remembered for a moment: a busy client costs one statement in 5 s.
// A key is found by its SHA-256 through an index. How long that takes tells at most how many bytes of a hash agree, and nobody
// can choose a key for its hash: a comparison in constant time would add nothing.
import type { Environment } from "../../db/api-keys.ts";
import { findEnvironmentByKey } from "../../db/api-keys.ts";
import type { Db } from "../../db/pool.ts";

const REMEMBERED_MS = 5_000; // a key revoked in another process works here for this long at most
const MOST_REMEMBERED = 10_000;

export type KeyOwner = Environment & { key_id: number };

type Lookup = () => Promise<KeyOwner | null>;

type Entry = { owner: Promise<KeyOwner | null>; until: number };

export type KeyMemory = {
  /** Whose key this is; null for nobody's. A question to the database about a key that was not good before goes through `guess`. */
  find: (keyHash: Buffer, guess: (lookup: Lookup) => ReturnType<Lookup>) => ReturnType<Lookup>;
  /** From now on every key is looked up again. */
  forget: () => void;
};

const put = (entries: Map<string, Entry>, name: string, entry: Entry): void => {
  entries.delete(name);
  if (entries.size >= MOST_REMEMBERED) entries.delete(entries.keys().next().value as string);
  entries.set(name, entry);
};

/** The memory of one process. Good and wrong keys are kept apart, so that no flood of wrong ones pushes a good one out. */
export const createKeyMemory = ({ db }: { db: Db }): KeyMemory => {
  const good = new Map<string, Entry>();
  const wrong = new Map<string, Entry>();
  const asked = new Map<string, Promise<KeyOwner | null>>();

  const ask = (name: string, keyHash: Buffer): Promise<KeyOwner | null> => {
    const owner = findEnvironmentByKey(db, { keyHash });
    asked.set(name, owner);
    const settle = (found: KeyOwner | null): void => {
      if (asked.get(name) !== owner) return; // forgotten while it was looked up
      put(found === null ? wrong : good, name, { owner, until: Date.now() + REMEMBERED_MS });
      if (found === null) good.delete(name);
    };
    const done = () => {
      if (asked.get(name) === owner) asked.delete(name);
    };
    owner.then(settle).then(done, done);
    return owner;
  };

  const find: KeyMemory["find"] = async (keyHash, guess) => {
    const name = keyHash.toString("base64");
    const known = good.get(name);
    const remembered = known ?? wrong.get(name);
    if (remembered !== undefined && remembered.until > Date.now()) return await remembered.owner;
    const running = asked.get(name);
    if (running !== undefined) return await running;
    const lookup = () => ask(name, keyHash);
    return await (known === undefined ? guess(lookup) : lookup());
  };

  const forget = (): void => {
    for (const entries of [good, wrong, asked]) entries.clear();
  };
  return { find, forget };
};
