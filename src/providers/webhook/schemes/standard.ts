// Standard Webhooks and svix: base64 HMAC-SHA256 over id, time and body, several signatures with spaces between, any that fits.
// Not by the library `standardwebhooks`: it reads the clock itself, so its window cannot be tested, and hashes the body as text,
// for which bodies that are no UTF-8 are all the same. The tests hold ours against it.
import { createHmac } from "node:crypto";
import { refuse } from "../refusal.ts";
import { decodeSignature, isSameDigest } from "../same.ts";
import type { Standard } from "../verification.ts";
import { checkTimestamp } from "./timestamp.ts";
import type { Check } from "./types.ts";

const MOST = 16;
const PREFIX = "whsec_";
const WINDOW = { unit: "s", toleranceSeconds: 300 } as const;

/** Secrets are base64, with or without a prefix; one that was chosen by hand may be a text as it is. */
const keysOf = (secret: string): Buffer[] => {
  if (secret.startsWith(PREFIX)) return [Buffer.from(secret.slice(PREFIX.length), "base64")];
  const decoded = decodeSignature(secret, "base64");
  return decoded ? [decoded, Buffer.from(secret)] : [Buffer.from(secret)];
};

const signaturesIn = (text: string): Buffer[] =>
  text
    .split(" ", MOST)
    .filter((one) => one.startsWith("v1,"))
    .flatMap((one) => decodeSignature(one.slice(3), "base64") ?? []);

export const checkStandard: Check<Standard> = ({ names }, { request: { headers, body }, secrets, now }) => {
  const [id, time] = [headers[`${names}-id`], headers[`${names}-timestamp`]];
  if (!id || !time) return refuse("missing_signature", `It has no ${names}-id or no ${names}-timestamp.`);
  const signatures = signaturesIn(headers[`${names}-signature`] ?? "");
  if (signatures.length === 0)
    return refuse("malformed_signature", `${names}-signature holds no signature of version 1.`);
  const late = checkTimestamp(WINDOW, time, now);
  if (late) return late;
  const keys = secrets.flatMap(keysOf).filter((key) => key.length > 0);
  const fits = keys.some((key) => {
    const expected = createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest();
    return signatures.some((signature) => isSameDigest(signature, expected));
  });
  return fits ? undefined : refuse("signature_mismatch", `The signature in ${names}-signature does not fit.`);
};
