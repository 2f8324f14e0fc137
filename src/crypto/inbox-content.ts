// A provider's webhook at rest: as it came, byte for byte, sealed with the environment's key.
import { isUtf8 } from "node:buffer";
import type { DataKey } from "./keyring.ts";
import { inboxPlace } from "./places.ts";
import { open, seal } from "./seal.ts";

/** A webhook as it came. Header names are lower case. */
export type InboxContent = {
  method: "GET" | "POST";
  url: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: Buffer;
};

/** Seal what came under the uid of its row. A body that is no text takes a third more. */
export const sealInboxContent = (key: DataKey, uid: string, { body, ...rest }: InboxContent): Buffer => {
  const encoding = isUtf8(body) ? "utf8" : "base64";
  return seal(key, JSON.stringify({ ...rest, encoding, body: body.toString(encoding) }), inboxPlace(uid));
};

/** What came, from the sealed content of the row of this uid. Throws `server_error` as `open` does. */
export const openInboxContent = (key: DataKey, uid: string, sealed: Buffer): InboxContent => {
  const { encoding, body, ...rest } = JSON.parse(open(key, sealed, inboxPlace(uid)));
  return { ...rest, body: Buffer.from(body, encoding) };
};
