// A bearer token that the provider signed for our address. Of Google anybody may have one made for any address: who wants to
// know that it is their own subscription that pushes sets the e-mail of its service account as the webhook secret.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { type Refusal, refuse } from "../refusal.ts";
import { isSameText } from "../same.ts";
import type { Jwt } from "../verification.ts";
import type { Check, Checked } from "./types.ts";

const tokenIn = ({ authorization = "" }: Record<string, string>): string | undefined =>
  /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];

/** Whether there is a bearer token at all. */
export const hasBearer = ({ request }: Pick<Checked, "request">): boolean => tokenIn(request.headers) !== undefined;

const addresses = (url: string): string[] => [url, url.replace(/\?.*$/, "")];

type Options = { token: string; isFresh: boolean };

const payloadOf = async ({ keysUrl, issuers }: Jwt, checked: Checked, { token, isFresh }: Options) => {
  const keys = (await checked.fetchKeys?.(keysUrl, isFresh)) as JSONWebKeySet | undefined;
  if (keys === undefined) throw new Error("no keys");
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
    algorithms: ["RS256"],
    issuer: issuers,
    audience: addresses(checked.request.url),
    currentDate: new Date(checked.now),
    requiredClaims: ["exp"],
  });
  return payload;
};

const explain = (error: unknown): Refusal => {
  if (error instanceof errors.JWTExpired) return refuse("timestamp_out_of_range", "The bearer token has expired.");
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid)
    return refuse("malformed_signature", "The bearer token is not a signed one.");
  if (error instanceof errors.JOSEError)
    return refuse("signature_mismatch", "The bearer token is not one for this address.");
  return refuse("keys_unavailable", "The keys that the bearer token is checked with could not be fetched.");
};

/** The provider changes its keys now and then: one that is not known is looked for once more. */
const verified = async (scheme: Jwt, checked: Checked, token: string): Promise<JWTPayload> => {
  try {
    return await payloadOf(scheme, checked, { token, isFresh: false });
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    return await payloadOf(scheme, checked, { token, isFresh: true });
  }
};

export const checkJwt: Check<Jwt> = async (scheme, checked) => {
  try {
    const { email, email_verified } = await verified(scheme, checked, tokenIn(checked.request.headers) ?? "");
    if (checked.secrets.length === 0) return undefined;
    const isOurs = email_verified === true && checked.secrets.some((secret) => isSameText(secret, String(email)));
    return isOurs ? undefined : refuse("signature_mismatch", "The bearer token is of another account.");
  } catch (error) {
    return explain(error);
  }
};
