// Envelope encryption: a master key wraps one data key for each connection and each environment.
// Deleting the wrapped key shreds whatever the data key sealed.
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { AppError } from "../errors.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A data key in use: for sealing, for content hashes, and four bytes that name it inside a sealed blob. */
export type DataKey = { sealKey: KeyObject; hashKey: KeyObject; tag: Buffer };

export type Keyring = {
  masterKeyId: string;
  createDataKey: () => { wrapped: Buffer; master_key_id: string };
  open: (wrapped: Buffer) => DataKey;
};

const derive = (secret: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `syncline ${purpose}`, bytes));

const toDataKey = (secret: Buffer): DataKey => ({
  sealKey: createSecretKey(derive(secret, "seal", 32)),
  hashKey: createSecretKey(derive(secret, "content hash", 32)),
  tag: derive(secret, "tag", 4),
});

/** The keyring of one master key (32 bytes). `open` throws `server_error` for a key another master key wrapped. */
export const createKeyring = ({ masterKey }: { masterKey: Buffer }): Keyring => {
  const wrapKey = createSecretKey(derive(masterKey, "wrap", 32));
  const masterKeyId = derive(masterKey, "master key id", 8).toString("hex");
  const wrap = (secret: Buffer): Buffer => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", wrapKey, nonce);
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  };
  const unwrap = (wrapped: Buffer): Buffer => {
    const decipher = createDecipheriv("aes-256-gcm", wrapKey, wrapped.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
    const secret = wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES);
    try {
      return Buffer.concat([decipher.update(secret), decipher.final()]);
    } catch (cause) {
      throw new AppError("server_error", "A data key does not open with SYNCLINE_ENCRYPTION_KEY. Was it changed?", {
        cause,
      });
    }
  };
  return {
    masterKeyId,
    createDataKey: () => ({ wrapped: wrap(randomBytes(32)), master_key_id: masterKeyId }),
    open: (wrapped) => toDataKey(unwrap(wrapped)),
  };
};
