// A master key that a key management service opens. The service does not wrap data keys itself, which would be a call for
// each of 10,000 connections at a start, at 3 dollars for a million and with a limit a second: it opens one key-encryption
// key, which rests in the database wrapped and lives in memory, once at the start of a process.
import type { Db } from "../db/fn.ts";
import { chooseInstallation, findKmsKey, keepKmsKey } from "../db/kms-keys.ts";

/** What both sides are bound to: an other context does not open it. */
export type KmsContext = { app: "syncline"; installation: string };

/** A key management service, and the key in it that wraps ours. */
export type Kms = {
  /** The setting, which has no secret: names the key-encryption key in the database and in messages. */
  name: string;
  /** A new key of 32 bytes, open and wrapped, and which key of the service wrapped it, in its words. */
  make: (context: KmsContext) => Promise<{ secret: Buffer; wrapped: Buffer; wrappedBy: string }>;
  open: (key: { wrapped: Buffer; wrappedBy: string }, context: KmsContext) => Promise<Buffer>;
};

/**
 * The key-encryption key of this name, opened by the service; made when there is none. Only a name that the settings have
 * is looked for, so that a row which somebody else put into the table is never asked for.
 */
export const loadKmsKey = async (db: Db, kms: Kms): Promise<Buffer> => {
  const { name } = kms;
  const contextOf = (installation: string): KmsContext => ({ app: "syncline", installation });
  if ((await findKmsKey(db, { name })) === null) {
    const installation = await chooseInstallation(db, {});
    const { wrapped, wrappedBy } = await kms.make(contextOf(installation));
    await keepKmsKey(db, { name, wrapped, wrappedBy, installation });
  }
  // Read again: of several processes that start at once one is first, and its key is everybody's.
  const found = await findKmsKey(db, { name });
  const { wrapped, wrapped_by: wrappedBy, installation } = found!;
  return await kms.open({ wrapped, wrappedBy }, contextOf(installation));
};
