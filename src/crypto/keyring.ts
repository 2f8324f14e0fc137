// Envelope encryption: a master key wraps one data key for each connection and each environment.
// Deleting the wrapped key shreds whatever the data key sealed. Several master keys may be known: the current one wraps,
// the others only open, so that one can take the place of another while servers serve (rotate-keys.ts).
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A data key in use: for sealing, for content hashes, and four bytes that name it inside a sealed blob. */
export type DataKey = { sealKey: KeyObject; hashKey: KeyObject; tag: Buffer };

/** A data key as it rests, and which master key wrapped it. */
export type WrappedKey = { wrapped: Buffer; master_key_id: string };

export type Keyring = {
  /** The id of the current master key. */
  masterKeyId: string;
  /** The ids of all master keys, the current one first. */
  masterKeyIds: string[];
  createDataKey: () => WrappedKey;
  open: (key: WrappedKey) => DataKey;
  /** The same data key, wrapped by the current master key. */
  rewrap: (key: WrappedKey) => WrappedKey;
};

const derive = (secret: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `syncline ${purpose}`, bytes));

const toDataKey = (secret: Buffer): DataKey => ({
  sealKey: createSecretKey(derive(secret, "seal", 32)),
  hashKey: createSecretKey(derive(secret, "content hash", 32)),
  tag: derive(secret, "tag", 4),
});

/** The id of a master key (32 bytes): 16 hex digits that tell nothing about it. */
export const masterKeyIdOf = (masterKey: Buffer): string => derive(masterKey, "master key id", 8).toString("hex");

const wrapWith = (wrapKey: KeyObject, secret: Buffer): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", wrapKey, nonce);
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
};

const unwrapWith = (wrapKey: KeyObject, { wrapped, master_key_id: id }: WrappedKey): Buffer => {
  try {
    const nonce = wrapped.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", wrapKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
    const secret = wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES);
    return Buffer.concat([decipher.update(secret), decipher.final()]);
  } catch (cause) {
    throw new AppError("server_error", `A data key that names master key ${id} does not open with it: it is damaged.`, {
      cause,
    });
  }
};

/**
 * The keyring of master keys (32 bytes each): `masterKey` wraps, those in `accepted` only open. `open` throws `server_error`
 * for a data key whose master key is not among them, and names that one's id.
 */
export const createKeyring = ({ masterKey, accepted = [] }: { masterKey: Buffer; accepted?: Buffer[] }): Keyring => {
  const wrapKeys = new Map<string, KeyObject>();
  for (const key of [masterKey, ...accepted]) {
    wrapKeys.set(masterKeyIdOf(key), createSecretKey(derive(key, "wrap", 32)));
  }
  const masterKeyId = masterKeyIdOf(masterKey);
  const wrapKey = wrapKeys.get(masterKeyId)!;
  const unwrap = (key: WrappedKey): Buffer => {
    const known = wrapKeys.get(key.master_key_id);
    if (known !== undefined) return unwrapWith(known, key);
    const says = `A data key is wrapped by master key ${key.master_key_id}, which this process does not have`;
    const does = "SYNCLINE_ENCRYPTION_KEYS_ACCEPTED takes more than one; syncline keys list says which there are";
    throw new AppError("server_error", `${says} (it has ${[...wrapKeys.keys()].join(", ")}). ${does}.`);
  };
  const wrap = (secret: Buffer): WrappedKey => ({ wrapped: wrapWith(wrapKey, secret), master_key_id: masterKeyId });
  return {
    masterKeyId,
    masterKeyIds: [...wrapKeys.keys()],
    createDataKey: () => wrap(randomBytes(32)),
    open: (key) => toDataKey(unwrap(key)),
    rewrap: (key) => wrap(unwrap(key)),
  };
};
