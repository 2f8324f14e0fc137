// SIGNATURE: the X-WSSE header (the OASIS UsernameToken profile, as a header), made here from a name and a secret.
import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Obtain } from "../obtain.ts";
import { timeIn } from "./answer.ts";

const USUAL_LIFE_MS = 5 * 60_000;

type Parts = { username: string; password: string; nonce: string; created: string };

/**
 * The header's text. The profile's digest is the base64 of SHA-1's bytes; `hex` is that of its hexadecimal text, which is
 * what Emarsys wants and with it everything in the published catalogue that says WSSE.
 */
export const wsseHeader = ({ username, password, nonce, created }: Parts, encoding: "hex" | "binary"): string => {
  const hash = createHash("sha1").update(nonce + created + password);
  const digest = encoding === "hex" ? Buffer.from(hash.digest("hex")).toString("base64") : hash.digest("base64");
  const quoted = username.replace(/["\\]/g, "\\$&");
  return `UsernameToken Username="${quoted}", PasswordDigest="${digest}", Nonce="${nonce}", Created="${created}"`;
};

/** A header that is good for 5 min, or as long as the entry says. `digest_encoding` of its `signature` may be `binary`. */
export const makeSignature: Obtain = async ({ provider, credentials: given, now }) => {
  const credentials = given as Extract<Credentials, { type: "SIGNATURE" }>;
  const { protocol = "WSSE", digest_encoding } = provider.signature ?? {};
  if (protocol !== "WSSE") throw new AppError("invalid_credentials", `Nothing is signed by ${protocol} here.`);
  const { username, password } = credentials;
  const created = `${new Date(now()).toISOString().slice(0, 19)}Z`;
  const nonce = randomBytes(16).toString("hex");
  const token = wsseHeader({ username, password, nonce, created }, digest_encoding === "binary" ? "binary" : "hex");
  const expires_at = timeIn(provider.token?.expires_in_ms ?? USUAL_LIFE_MS, now(), 1);
  return { credentials: { ...credentials, token, ...(expires_at && { expires_at }) } };
};
