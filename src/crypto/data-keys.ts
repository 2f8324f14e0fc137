// Data keys by owner, unwrapped once and remembered for a minute: key set-up would otherwise dominate each page. The minute
// bounds how long another process can still open what a deleted connection's key sealed; asking each time would cost a
// statement a page, and a minute's asking costs 10,000 busy connections 170 statements a second.

import type { Db } from "../db/fn.ts";
import { findConnectionKey, findEnvironmentKey } from "../db/keys.ts";
import { AppError } from "../errors.ts";
import type { DataKey, Keyring, WrappedKey } from "./keyring.ts";
import { createMemory } from "./memory.ts";

const MOST_REMEMBERED = 10_000; // a key set-up is about 1 KB
/** So long what was opened with a key may be remembered. */
export const REMEMBERED_MS = 60_000;

export type DataKeys = {
  keyring: Keyring;
  ofConnection: (connection: number) => Promise<DataKey>;
  ofEnvironment: (environment: number) => Promise<DataKey>;
};

const remember = (load: (id: number) => Promise<DataKey>, ms: number) => {
  const known = createMemory<number, DataKey>({ most: MOST_REMEMBERED, ms });
  return async (id: number): Promise<DataKey> => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const since = performance.now();
    const key = await load(id);
    known.set(id, key, since);
    return key;
  };
};

/**
 * The data keys of connections and environments. Asking for one that was shredded throws `not_found`, at the latest
 * `rememberedMs` (a minute) after that.
 */
export const createDataKeys = (o: { db: Db; keyring: Keyring; rememberedMs?: number }): DataKeys => {
  const { db, keyring, rememberedMs = REMEMBERED_MS } = o;
  const opened = (key: WrappedKey | null, owner: string): DataKey => {
    if (key === null) throw new AppError("not_found", `The data key of ${owner} is gone.`);
    return keyring.open(key);
  };
  const connectionKey = async (id: number) =>
    opened(await findConnectionKey(db, { connection: id }), `connection ${id}`);
  const environmentKey = async (id: number) =>
    opened(await findEnvironmentKey(db, { environment: id }), `environment ${id}`);
  return {
    keyring,
    ofConnection: remember(connectionKey, rememberedMs),
    ofEnvironment: remember(environmentKey, rememberedMs),
  };
};
