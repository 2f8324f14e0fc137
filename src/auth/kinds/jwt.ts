// JWT: a token that is signed here, with a key of the connection. Also the assertions that other kinds bring to an endpoint.
import { type JWTPayload, SignJWT } from "jose";
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { TemplateContext } from "../../providers/template.ts";
import { splitOutside } from "../../providers/template-syntax.ts";
import type { Obtain, ObtainContext } from "../obtain.ts";
import { timeIn } from "./answer.ts";
import { fillFields, fillWhole, templateContext } from "./fill.ts";
import { algorithmOf, readPrivateKey } from "./private-key.ts";

const USUAL_LIFE_MS = 5 * 60_000;

/** What is signed: the fields of an entry's `token` or `assertion`. */
export type ToSign = {
  key: string;
  header?: Record<string, unknown> | undefined;
  payload?: Record<string, unknown> | undefined;
  lifeMs: number;
};

// In a key `||` is part of it, such as Heymarket's id||secret, not the start of an alternative.
const keyText = (template: string, context: TemplateContext): string =>
  splitOutside(template, "||")
    .map((part) => fillWhole(part, context, "the key of its token"))
    .join("||");

const HEX = /^([0-9a-f]{2})+$/i;

/** The bytes of a shared secret: hexadecimal ones mean their bytes unless the entry says otherwise. */
const secretOf = (text: string, encoding: unknown): Uint8Array => {
  if (encoding === "base64") return Buffer.from(text, "base64");
  return Buffer.from(text, encoding !== "utf8" && HEX.test(text) ? "hex" : "utf8");
};

const SECONDS = new Set(["iat", "exp", "nbf"]);

// A template gives texts, and some claims are numbers; a field that was left empty is no claim.
const claimsIn = (payload: Record<string, unknown>): JWTPayload =>
  Object.fromEntries(
    Object.entries(payload)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [name, SECONDS.has(name) ? Number(value) : value]),
  );

/** Sign it. `iat` and `exp` are those of the payload where it has them. Throws `invalid_credentials` for an unfit key. */
export const signJwt = async (
  context: ObtainContext,
  what: ToSign,
  values?: Record<string, unknown>,
): Promise<string> => {
  const filling = templateContext(context, values);
  const text = keyText(what.key, filling);
  const header = fillFields(what.header ?? {}, filling);
  const asked = typeof header.alg === "string" ? header.alg : undefined;
  const isShared = (asked ?? context.provider.signature?.protocol)?.startsWith("H") ?? false;
  const key = isShared ? secretOf(text, context.provider.signature?.hmac_secret_encoding) : readPrivateKey(text).key;
  const alg = asked ?? (key instanceof Uint8Array ? "HS256" : algorithmOf(key));
  const iat = Math.floor(context.now() / 1000);
  const claims = {
    iat,
    exp: iat + Math.floor(what.lifeMs / 1000),
    ...claimsIn(fillFields(what.payload ?? {}, filling)),
  };
  try {
    return await new SignJWT(claims).setProtectedHeader({ ...header, alg }).sign(key);
  } catch {
    // The cause may show the key.
    throw new AppError("invalid_credentials", `The key of the connection is none that signs with ${alg}.`);
  }
};

/** A token made here, for as long as the entry says. */
export const makeJwt: Obtain = async (context) => {
  const { provider, now } = context;
  const credentials = context.credentials as Extract<Credentials, { type: "JWT" }>;
  const { signing_key: key, header, payload, expires_in_ms: lifeMs = USUAL_LIFE_MS } = provider.token ?? {};
  if (key === undefined)
    throw new AppError("invalid_credentials", `The entry of ${provider.display_name} does not say what to sign with.`);
  const token = await signJwt(context, { key, header, payload, lifeMs });
  const expires_at = timeIn(lifeMs, now(), 1);
  return { credentials: { ...credentials, token, ...(expires_at && { expires_at }) } };
};
