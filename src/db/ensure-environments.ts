// The environments every installation has, made at the first start. What exists is never overwritten.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { DataKey, Keyring } from "../crypto/keyring.ts";
import { signingKeyPlace } from "../crypto/places.ts";
import { sealJson } from "../crypto/seal.ts";
import { AppError } from "../errors.ts";
import { addApiKey } from "./api-keys.ts";
import { ensureEnvironment, setSigningKey } from "./environments.ts";
import { findEnvironmentKey, listDataKeys } from "./keys.ts";
import type { Db, Pool } from "./pool.ts";
import { inTransaction } from "./tx.ts";

/** `newKey` is the API key made for a new environment that was given none: shown once, never stored. */
export type EnsuredEnvironment = { id: number; name: string; isNew: boolean; newKey: string | null };

const SIGNING_KEY_BYTES = 32;
const MOST_CHECKED = 1_000; // environments; 20 us each

/** The SHA-256 by which an API key, or the token of a session, is known. */
export const hashApiKey = (key: string): Buffer => createHash("sha256").update(key).digest();

/** A new key for signing webhooks. */
export const newSigningKey = (): string => randomBytes(SIGNING_KEY_BYTES).toString("base64url");

const openKey = async (db: Db, keyring: Keyring, environment: number): Promise<DataKey> => {
  const key = await findEnvironmentKey(db, { environment });
  if (key === null) throw new AppError("server_error", `Environment ${environment} has no data key.`);
  return keyring.open(key);
};

type Deps = { db: Pool; keyring: Keyring };

const make = async (db: Db, keyring: Keyring, name: string): Promise<{ id: number; isNew: boolean }> => {
  const { wrapped, master_key_id: masterKeyId } = keyring.createDataKey();
  const { id, is_new: isNew } = await ensureEnvironment(db, { name, wrapped, masterKeyId });
  const key = await openKey(db, keyring, id);
  const sealed = sealJson(key, newSigningKey(), signingKeyPlace(id));
  if (isNew) await setSigningKey(db, { environment: id, sealed });
  return { id, isNew };
};

/** The id of a new environment, with a signing key and a data key but no API key; null when there is one of this name. */
export const createEnvironment = async ({ db: pool, keyring }: Deps, name: string): Promise<number | null> =>
  await inTransaction(pool, async (db) => {
    const { id, isNew } = await make(db, keyring, name);
    return isNew ? id : null;
  });

/** Rejects when the data key of an environment does not open with this keyring: it lacks a master key, or it is another's. */
export const checkKeyring = async ({ db, keyring }: { db: Db; keyring: Keyring }): Promise<void> => {
  for (const key of await listDataKeys(db, { after: 0, limit: MOST_CHECKED, connections: false })) keyring.open(key);
};

/**
 * Make sure that each environment named exists, with a signing key, a data key and an API key, and that its data key
 * opens with this keyring (else `server_error`). A key given in `apiKeys` acts for its environment from now on.
 */
export const ensureEnvironments = ({ db: pool, keyring }: Deps) => {
  const ensure = async (name: string, given: string | undefined): Promise<EnsuredEnvironment> =>
    await inTransaction(pool, async (db) => {
      const { id, isNew } = await make(db, keyring, name);
      const newKey = isNew && given === undefined ? randomUUID() : null;
      const apiKey = given ?? newKey;
      if (apiKey !== null) {
        const displayName = given === undefined ? "default" : "from settings";
        await addApiKey(db, { environment: id, keyHash: hashApiKey(apiKey), displayName });
      }
      return { id, name, isNew, newKey };
    });
  return async (apiKeys: { [name: string]: string | undefined }): Promise<EnsuredEnvironment[]> => {
    const made: EnsuredEnvironment[] = [];
    for (const [name, key] of Object.entries(apiKeys)) made.push(await ensure(name, key));
    return made;
  };
};
