// Every data key wrapped anew by the current master key, while servers serve: what data keys seal stays as it is.
// Each batch is one short transaction, so that a process that is killed leaves whole rows, and any process goes on from there.
import { setTimeout as pause } from "node:timers/promises";
import { countDataKeys, listDataKeys, lockKeysToWrap, wrapKeys } from "../db/keys.ts";
import type { Db, Pool } from "../db/pool.ts";
import { inTransaction } from "../db/tx.ts";
import { AppError } from "../errors.ts";
import type { Keyring, WrappedKey } from "./keyring.ts";

const BATCH = 500; // 20 ms
const PAUSE_MS = 100;
const LONGEST_WAIT_MS = 20_000; // for rows that others hold: a deletion, or another rotation's batch

type Numbered = WrappedKey & { id: number };

/** What is left: keys by the master key they name, which is not the current one. */
export type Left = { master_key_id: string; count: number };

export type Rotated = {
  /** The current master key. */
  masterKeyId: string;
  /** How many were wrapped anew by this call. */
  rotated: number;
  /** Data keys that do not open: of an unknown master key, or damaged. */
  unreadable: number[];
  left: Left[];
};

/** The same keys wrapped by the current master key, and those that do not open. */
const rewrapAll = (keyring: Keyring, keys: Numbered[]) => {
  const done: { id: number; old: Buffer; new: Buffer }[] = [];
  const unreadable: number[] = [];
  for (const key of keys) {
    try {
      done.push({ id: key.id, old: key.wrapped, new: keyring.rewrap(key).wrapped });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      unreadable.push(key.id);
    }
  }
  return { done, unreadable };
};

const rotateBatch = async (pool: Pool, keyring: Keyring, after: number) =>
  await inTransaction(pool, async (db) => {
    const { masterKeyId } = keyring;
    const found = await lockKeysToWrap(db, { masterKeyId, after, limit: BATCH });
    const { done, unreadable } = rewrapAll(keyring, found);
    const ids = done.map(({ id }) => id);
    const old = done.map((one) => one.old);
    const rotated = ids.length === 0 ? 0 : await wrapKeys(db, { ids, old, new: done.map((n) => n.new), masterKeyId });
    return { last: found.at(-1)?.id, rotated, unreadable };
  });

const findLeft = async (db: Db, { masterKeyId }: Keyring): Promise<Left[]> =>
  (await countDataKeys(db, {}))
    .filter(({ master_key: id }) => id !== masterKeyId)
    .map(({ master_key: id, environments, connections }) => ({ master_key_id: id, count: environments + connections }));

/**
 * Wrap all data keys with the current master key; safe to call by several at once and again. `onProgress` is told how many
 * this call has wrapped so far. What `left` names afterwards still needs its master key.
 */
export const rotateKeys = async (o: {
  pool: Pool;
  keyring: Keyring;
  onProgress: (rotated: number) => void;
}): Promise<Rotated> => {
  const { pool, keyring, onProgress } = o;
  const result: Rotated = { masterKeyId: keyring.masterKeyId, rotated: 0, unreadable: [], left: [] };

  const pass = async (): Promise<number> => {
    const before = result.rotated;
    result.unreadable = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const batch: Awaited<ReturnType<typeof rotateBatch>> = await rotateBatch(pool, keyring, after);
      result.rotated += batch.rotated;
      result.unreadable.push(...batch.unreadable);
      if (batch.rotated > 0) onProgress(result.rotated);
      after = batch.last;
    }
    return result.rotated - before;
  };

  let waitedMs = 0;
  for (;;) {
    const wrapped = await pass();
    result.left = await findLeft(pool, keyring);
    const count = result.left.reduce((sum, one) => sum + one.count, 0);
    if (count <= result.unreadable.length || waitedMs >= LONGEST_WAIT_MS) return result;
    if (wrapped > 0) waitedMs = 0;
    else await pause(PAUSE_MS);
    waitedMs += PAUSE_MS;
  }
};

export type KeyState = {
  master_key_id: string;
  environments: number;
  connections: number;
  isCurrent: boolean;
  isKnown: boolean;
  /** How many of them do not open; null where the master key is not known. */
  unreadable: number | null;
};

/** Every master key that is known or named by a data key, the current one first, each data key tried. */
export const checkDataKeys = async (db: Db, keyring: Keyring): Promise<KeyState[]> => {
  const unreadable = new Map<string, number>();
  for (let after: number | undefined = 0; after !== undefined; ) {
    const keys: Numbered[] = await listDataKeys(db, { after, limit: BATCH, connections: true });
    for (const key of keys) {
      const isBad = rewrapAll(keyring, [key]).unreadable.length;
      unreadable.set(key.master_key_id, (unreadable.get(key.master_key_id) ?? 0) + isBad);
    }
    after = keys.at(-1)?.id;
  }
  const counts = new Map((await countDataKeys(db, {})).map((one) => [one.master_key, one]));
  const ids = new Set([...keyring.masterKeyIds, ...counts.keys()]);
  return [...ids].map((id) => {
    const isKnown = keyring.masterKeyIds.includes(id);
    const { environments, connections } = counts.get(id) ?? { environments: 0, connections: 0 };
    const isCurrent = id === keyring.masterKeyId;
    return {
      ...{ master_key_id: id, environments, connections, isCurrent, isKnown },
      unreadable: isKnown ? (unreadable.get(id) ?? 0) : null,
    };
  });
};
