// Who may ask: an API key, Basic with the key as password, or an OAuth 2 token that expires.
import { type Answer, type ApiRequest, failure } from "./answer.ts";
import { createConsent } from "./consent.ts";
import { createTokens } from "./tokens.ts";
import type { Clock } from "./world.ts";

export type AuthOptions = {
  seed: number;
  clock: Clock;
  apiKeys: string[];
  /** Seconds an access token lives. */
  tokenSeconds: number;
  /** True: each refresh token works once and the answer carries the next one. */
  rotateRefreshTokens: boolean;
  onToken: () => void;
};

/** What a client of the OAuth 2 server signs in with. */
export const OAUTH_CLIENT = {
  clientId: "acme-client",
  clientSecret: "acme-secret",
  refreshToken: "acme-refresh-0",
} as const;

const refuse = (error: string, message: string): Answer => ({
  ...failure(401, error, message),
  headers: { "www-authenticate": `Bearer realm="acme", error="${error}"` },
});

const basicParts = (header: string): [string, string] => {
  const text = Buffer.from(header.slice(6), "base64").toString();
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)];
};

export type Auth = ReturnType<typeof createAuth>;

/** Keeps keys and tokens. Tokens are seeded and carry their own end, so none are stored. */
export const createAuth = ({ seed, clock, apiKeys, tokenSeconds, rotateRefreshTokens, onToken }: AuthOptions) => {
  const tokens = createTokens({ seed, clock, tokenSeconds, rotateRefreshTokens });
  const consent = createConsent(OAUTH_CLIENT);

  const bearer = (token: string): { caller: string } | Answer => {
    const state = tokens.check(token);
    if (state === "valid") return { caller: OAUTH_CLIENT.clientId };
    return state === "expired"
      ? refuse("token_expired", "The access token has expired.")
      : refuse("invalid_token", "There is no such access token.");
  };

  /** The caller's name, or the 401 to send. */
  const check = ({ headers }: ApiRequest): { caller: string } | Answer => {
    const key = headers["x-api-key"];
    const authorization = headers.authorization ?? "";
    if (typeof key === "string") {
      return apiKeys.includes(key) ? { caller: key } : refuse("invalid_api_key", "There is no such API key.");
    }
    if (/^bearer /i.test(authorization)) return bearer(authorization.slice(7).trim());
    if (/^basic /i.test(authorization)) {
      const [user, password] = basicParts(authorization);
      const isKnown = user === "acme" && apiKeys.includes(password);
      return isKnown ? { caller: password } : refuse("invalid_api_key", "There is no such user and key.");
    }
    return refuse("missing_credentials", "Send X-Api-Key or Authorization.");
  };

  const isClient = (form: URLSearchParams, authorization = "") => {
    const [id, secret] = /^basic /i.test(authorization)
      ? basicParts(authorization)
      : [form.get("client_id"), form.get("client_secret")];
    return id === OAUTH_CLIENT.clientId && secret === OAUTH_CLIENT.clientSecret;
  };

  const issue = (refresh: string | undefined): Answer => {
    onToken();
    const token = { access_token: tokens.issue(), token_type: "bearer", expires_in: tokenSeconds, scope: "all" };
    const body = refresh === undefined ? token : { ...token, refresh_token: refresh };
    return { status: 200, headers: { "cache-control": "no-store" }, body };
  };

  /** POST /oauth/token: grants authorization_code, client_credentials and refresh_token. */
  const grant = (request: ApiRequest, form: URLSearchParams): Answer => {
    if (!isClient(form, request.headers.authorization))
      return refuse("invalid_client", "Unknown client or wrong secret.");
    const type = form.get("grant_type");
    if (type === "client_credentials") return issue(undefined);
    if (type === "authorization_code") {
      if (!consent.spend(form)) return failure(400, "invalid_grant", "The code is spent, or another's.");
      return issue(tokens.refreshToken());
    }
    if (type !== "refresh_token")
      return failure(400, "unsupported_grant_type", "Use authorization_code, refresh_token or client_credentials.");
    const next = tokens.spendRefreshToken(form.get("refresh_token") ?? "");
    return next === undefined ? failure(400, "invalid_grant", "The refresh token is spent or unknown.") : issue(next);
  };

  return { check, consent: consent.answer, grant, expireTokens: tokens.expireAll, reset: tokens.reset };
};
