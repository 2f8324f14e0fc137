// A hash over the raw bytes, and over whatever else the provider signs with them: an HMAC, or one with the secret in what is hashed.
import { createHash, createHmac } from "node:crypto";
import { refuse } from "../refusal.ts";
import { isSameDigest } from "../same.ts";
import type { WebhookRequest } from "../types.ts";
import type { Hash } from "../verification.ts";
import { readSignatures } from "./read.ts";
import { signedPieces } from "./signed.ts";
import { checkTimestamp } from "./timestamp.ts";
import type { Check } from "./types.ts";

const digestOf = (scheme: Hash, request: WebhookRequest, secret: string, time?: string): Buffer => {
  const key = scheme.isSecretBase64 ? Buffer.from(secret, "base64") : secret;
  const hashing = scheme.scheme === "hmac" ? createHmac(scheme.hash, key) : createHash(scheme.hash);
  for (const piece of signedPieces(scheme.signed, request, secret, time)) hashing.update(piece);
  return hashing.digest();
};

/** Behind a proxy the address that the provider knows is easily another than ours: say so. */
const mismatch = ({ header, signed }: Hash): string =>
  signed.some((piece) => piece.startsWith("{url"))
    ? `The signature in ${header} does not fit. It covers the address too: is the server's public URL set right?`
    : `The signature in ${header} does not fit.`;

export const checkHash: Check<Hash> = (scheme, { request, secrets, now }) => {
  const read = readSignatures(scheme, request);
  if ("code" in read) return read;
  const late = scheme.timestamp && checkTimestamp(scheme.timestamp, read.timestamp, now);
  if (late) return late;
  const fits = secrets.some((secret) => {
    const expected = digestOf(scheme, request, secret, read.timestamp);
    return read.signatures.some((signature) => isSameDigest(signature, expected));
  });
  return fits ? undefined : refuse("signature_mismatch", mismatch(scheme));
};
