// A keyed hash over the raw bytes, and over whatever else the provider signs with them.
import { createHmac } from "node:crypto";
import { type Refusal, refuse } from "../refusal.ts";
import type { Hmac } from "../rule.ts";
import { isSameDigest } from "../same.ts";
import type { WebhookRequest } from "../types.ts";
import { readSignatures } from "./read.ts";
import { signedPieces } from "./signed.ts";
import { checkTimestamp } from "./timestamp.ts";

export const checkHmac = (
  scheme: Hmac,
  request: WebhookRequest,
  secrets: string[],
  now: number,
): Refusal | undefined => {
  const read = readSignatures(scheme, request);
  if ("code" in read) return read;
  const late = checkTimestamp(scheme.timestamp, read.timestamp, now);
  if (late) return late;
  const fits = secrets.some((secret) => {
    const hmac = createHmac(scheme.hash, secret);
    for (const piece of signedPieces(scheme.signed, request, secret, read.timestamp)) hmac.update(piece);
    const expected = hmac.digest();
    return read.signatures.some((signature) => isSameDigest(signature, expected));
  });
  return fits ? undefined : refuse("signature_mismatch", `The signature in ${scheme.header} does not fit.`);
};
