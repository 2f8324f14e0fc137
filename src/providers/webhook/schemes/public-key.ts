// Signed with a provider's private key; the public one is what is configured as the webhook secret.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { refuse } from "../refusal.ts";
import { decodeSignature } from "../same.ts";
import type { PublicKey } from "../verification.ts";
import type { Check } from "./types.ts";

const keyOf = (pem: string): KeyObject[] => {
  try {
    return [createPublicKey(pem.replaceAll("\\n", "\n"))];
  } catch {
    return [];
  }
};

type KeyType = keyof PublicKey["headers"];
const ALGORITHMS: Record<KeyType, string | null> = { rsa: "sha256", ed25519: null };

export const checkPublicKey: Check<PublicKey> = ({ headers: names }, { request: { headers, body }, secrets }) => {
  const types = Object.keys(names) as KeyType[];
  const keys = secrets
    .flatMap(keyOf)
    .flatMap((key) => types.flatMap((type) => (key.asymmetricKeyType === type ? { key, type } : [])));
  if (keys.length === 0)
    return refuse("secret_unusable", `The webhook secret must be a public key (${types.join(" or ")}) in PEM.`);
  const sent = keys.filter(({ type }) => headers[names[type]!] !== undefined);
  if (sent.length === 0)
    return refuse("missing_signature", "It is not signed with the kind of key that is configured.");
  const fits = sent.some(({ key, type }) => {
    const signature = decodeSignature(headers[names[type]!]!.trim(), "base64");
    return signature !== undefined && verify(ALGORITHMS[type], body, key, signature);
  });
  return fits ? undefined : refuse("signature_mismatch", "The signature does not fit the configured public key.");
};
