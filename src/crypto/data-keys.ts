// Data keys by owner, unwrapped once and remembered: key set-up would otherwise dominate each page.

import type { Db } from "../db/fn.ts";
import { findConnectionKey, findEnvironmentKey } from "../db/keys.ts";
import { AppError } from "../errors.ts";
import type { DataKey, Keyring } from "./keyring.ts";

const MOST_REMEMBERED = 10_000; // a key set-up is about 1 KB

export type DataKeys = {
  keyring: Keyring;
  ofConnection: (connection: number) => Promise<DataKey>;
  ofEnvironment: (environment: number) => Promise<DataKey>;
};

const remember = (load: (id: number) => Promise<DataKey>) => {
  const known = new Map<number, DataKey>();
  return async (id: number): Promise<DataKey> => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const key = await load(id);
    if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value as number);
    known.set(id, key);
    return key;
  };
};

/** The data keys of connections and environments. Asking for one that was shredded throws `not_found`. */
export const createDataKeys = ({ db, keyring }: { db: Db; keyring: Keyring }): DataKeys => {
  const opened = (wrapped: Buffer | null, owner: string): DataKey => {
    if (wrapped === null) throw new AppError("not_found", `The data key of ${owner} is gone.`);
    return keyring.open(wrapped);
  };
  return {
    keyring,
    ofConnection: remember(async (id) => opened(await findConnectionKey(db, { connection: id }), `connection ${id}`)),
    ofEnvironment: remember(async (id) =>
      opened(await findEnvironmentKey(db, { environment: id }), `environment ${id}`),
    ),
  };
};
