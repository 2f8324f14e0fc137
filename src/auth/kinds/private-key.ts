// Private keys as people paste them: PEM of any kind, with its line breaks written as \n, lost, or the whole once more in
// base64, and JWKs.
import { createPrivateKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { AppError } from "../../errors.ts";

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/;

// RFC 7468 wants a line break after the first line; a form of one line has none.
const asPem = (text: string): string => {
  const [, label, body = ""] = PEM.exec(text) ?? [];
  if (label === undefined || body.includes("Proc-Type")) return text;
  const lines = body.replace(/\s+/g, "").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
};

const decoded = (text: string): string => {
  const plain = text.trim().replaceAll("\\n", "\n");
  if (plain.includes("-----BEGIN") || plain.startsWith("{")) return plain;
  const inner = Buffer.from(plain, "base64").toString();
  return inner.includes("-----BEGIN") ? inner : `-----BEGIN PRIVATE KEY-----${plain}-----END PRIVATE KEY-----`;
};

/** `kid` is that of a JWK. Throws `invalid_credentials` for what is no private key, without showing it. */
export const readPrivateKey = (text: string): { key: KeyObject; kid?: string } => {
  const given = decoded(text);
  try {
    if (!given.startsWith("{")) return { key: createPrivateKey(asPem(given)) };
    const jwk = JSON.parse(given) as JsonWebKey & { kid?: unknown };
    const key = createPrivateKey({ key: jwk, format: "jwk" });
    return typeof jwk.kid === "string" ? { key, kid: jwk.kid } : { key };
  } catch {
    throw new AppError("invalid_credentials", "The private key is none that can be read: it must be in PEM form.");
  }
};

const CURVES: Record<string, string> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };

/** The algorithm that such a key signs JWTs with, where nothing else is said. */
export const algorithmOf = ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string => {
  if (type === "ec") return CURVES[details?.namedCurve ?? ""] ?? "ES256";
  return type === "ed25519" ? "EdDSA" : "RS256";
};
