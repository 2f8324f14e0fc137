// Connections sealed for somebody's public key: a JWE (RFC 7516) each, which any JOSE library opens.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt } from "jose";
import { AppError } from "../../errors.ts";

const RSA_BITS = 2048;
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];
const ALGORITHMS = ["RSA-OAEP-256", "ECDH-ES+A256KW"];

/** A key and the name by which both halves are known. */
export type NamedKey = { key: KeyObject; id: string };

const algorithmOf = ({ asymmetricKeyType: type, asymmetricKeyDetails: of }: KeyObject): string => {
  if (type === "rsa" && (of?.modulusLength ?? 0) >= RSA_BITS) return "RSA-OAEP-256";
  if (type === "x25519" || (type === "ec" && CURVES.includes(of?.namedCurve ?? ""))) return "ECDH-ES+A256KW";
  const wanted = `RSA of ${RSA_BITS} bits or more, EC (P-256, P-384, P-521) or X25519`;
  throw new AppError("invalid_settings", `The key is ${type}: it has to be ${wanted}.`);
};

const refusing = <T>(file: string, wanted: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw new AppError("invalid_settings", `${file} is no ${wanted}, as PEM or JWK.`, { cause });
  }
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("invalid_settings", `${file} cannot be read.`, { cause });
  }
};

const isJson = (text: string): boolean => text.trimStart().startsWith("{");

const named = async (key: KeyObject): Promise<NamedKey> => {
  algorithmOf(key);
  const half = key.type === "private" ? createPublicKey(key) : key;
  const jwk = half.export({ format: "jwk" });
  return { key, id: await calculateJwkThumbprint(jwk as Parameters<typeof calculateJwkThumbprint>[0]) };
};

/** The public key in a file. A private one is refused: it has no business where connections are exported. */
export const readPublicKey = async (file: string): Promise<NamedKey> => {
  const text = textOf(file);
  const isPrivate = isJson(text) ? /"d"\s*:/.test(text) : text.includes("PRIVATE KEY");
  if (isPrivate)
    throw new AppError(
      "invalid_settings",
      `${file} is a private key: give the public one, and keep that where you import.`,
    );
  const key = refusing(file, "public key", () =>
    isJson(text) ? createPublicKey({ key: JSON.parse(text), format: "jwk" }) : createPublicKey(text),
  );
  return await named(key);
};

/** The private key in a file. */
export const readPrivateKey = async (file: string): Promise<NamedKey> => {
  const text = textOf(file);
  const key = refusing(file, "private key", () =>
    isJson(text) ? createPrivateKey({ key: JSON.parse(text), format: "jwk" }) : createPrivateKey(text),
  );
  return await named(key);
};

/** A value as a JWE for this key. */
export const sealFor = async ({ key, id }: NamedKey, value: unknown): Promise<string> =>
  await new CompactEncrypt(Buffer.from(JSON.stringify(value)))
    .setProtectedHeader({ alg: algorithmOf(key), enc: "A256GCM", kid: id, cty: "json" })
    .encrypt(key);

/** What was sealed; rejects with `invalid_body` when a bit of it is another, or the key. */
export const openWith = async ({ key }: NamedKey, jwe: string): Promise<unknown> => {
  try {
    const allowed = { keyManagementAlgorithms: ALGORITHMS, contentEncryptionAlgorithms: ["A256GCM"] };
    const { plaintext } = await compactDecrypt(jwe, key, allowed);
    return JSON.parse(Buffer.from(plaintext).toString("utf8"));
  } catch (cause) {
    throw new AppError("invalid_body", "It does not open: it was changed, or sealed for another key.", { cause });
  }
};
