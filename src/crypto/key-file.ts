// A master key in a file that opens with a passphrase: a JWK of 32 bytes as a JWE (PBES2-HS512+A256KW, A256GCM), the standard
// form of an encrypted JWK (RFC 7517, section 7), so that other tools read and write it too.
import { readFile, writeFile } from "node:fs/promises";
import { base64url, CompactEncrypt, compactDecrypt } from "jose";
import { z } from "zod";
import { AppError } from "../errors.ts";

const ALGORITHM = "PBES2-HS512+A256KW";
const ENCRYPTION = "A256GCM";
const ITERATIONS = 210_000; // as OWASP advises for PBKDF2 with SHA-512; 0.1 s of a core at each start
const MOST_ITERATIONS = 5_000_000;
const BYTES = 32;

const Jwk = z.object({ kty: z.literal("oct"), k: z.string() });

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Write a new file, readable by its owner only. Throws when there is one of this name. */
export const writeKeyFile = async (file: string, secret: Buffer, passphrase: string): Promise<void> => {
  const text = JSON.stringify({ kty: "oct", k: base64url.encode(secret) });
  const jwe = await new CompactEncrypt(bytesOf(text))
    .setProtectedHeader({ alg: ALGORITHM, enc: ENCRYPTION, cty: "jwk+json" })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(bytesOf(passphrase));
  await writeFile(file, `${jwe}\n`, { mode: 0o600, flag: "wx" });
};

/** The key in a file. Throws `invalid_settings` that says whether the file or the passphrase is wrong. */
export const readKeyFile = async (file: string, passphrase: string): Promise<Buffer> => {
  const refuse = (why: string, cause?: unknown): AppError =>
    new AppError("invalid_settings", `The key file ${file} ${why}`, { cause });
  const text = await readFile(file, "utf8").catch((error) => {
    throw refuse(`cannot be read: ${error.code}.`, error);
  });
  const { plaintext } = await compactDecrypt(text.trim(), bytesOf(passphrase), {
    keyManagementAlgorithms: [ALGORITHM],
    contentEncryptionAlgorithms: [ENCRYPTION],
    maxPBES2Count: MOST_ITERATIONS,
  }).catch((error) => {
    if (error.code === "ERR_JWE_DECRYPTION_FAILED") throw refuse("does not open with this passphrase.", error);
    throw refuse("is no JWE of PBES2-HS512+A256KW and A256GCM. syncline keys new --file <path> writes one.", error);
  });
  const found = Jwk.safeParse(JSON.parse(new TextDecoder().decode(plaintext)));
  const secret = found.success ? Buffer.from(found.data.k, "base64url") : undefined;
  if (secret?.length !== BYTES) throw refuse(`holds no key of ${BYTES} bytes.`);
  return secret;
};
