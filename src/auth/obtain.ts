// Getting a token from a provider, or a new one: each kind of credentials has its own way, in kinds/.
import { AppError, type Json } from "../errors.ts";
import type { Fetch } from "../outbound/fetch.ts";
import type { Credentials } from "../providers/credentials.ts";
import type { Provider } from "../providers/schema.ts";
import { obtainInstallationToken } from "./kinds/app.ts";
import { assume } from "./kinds/aws-sigv4.ts";
import { logIn } from "./kinds/bill.ts";
import { obtainAppAndUser } from "./kinds/custom.ts";
import { makeJwt } from "./kinds/jwt.ts";
import { refreshOAuth2 } from "./kinds/oauth2.ts";
import { obtainClientToken } from "./kinds/oauth2-cc.ts";
import { makeSignature } from "./kinds/signature.ts";
import { obtainInSteps } from "./kinds/two-step.ts";

/** What is known when a token is to be had. */
export type ObtainContext = {
  provider: Provider;
  credentials: Credentials;
  /** The integration's own credentials as they were sealed: client_id, client_secret, scopes, app_id, private_key, … */
  client: Record<string, Json>;
  /** What was set up with the integration beside its credentials. */
  integrationConfig: Record<string, unknown>;
  connectionConfig: Record<string, unknown>;
  metadata: Record<string, unknown>;
  fetch: Fetch;
  /** Epoch milliseconds. */
  now: () => number;
  signal?: AbortSignal;
};

/** The whole credentials, with the token and when it ends; `connectionConfig` is merged into the connection's. */
export type Obtained = { credentials: Credentials; connectionConfig?: Record<string, Json> };

/**
 * One kind's way. Rejects with `refresh_token_external_error` when the provider refuses or cannot be reached; its message is
 * for the app's developers and holds no secret, its payload `{ isFinal }` says whether asking again is of no use
 * (RFC 6749: invalid_grant), as far as the provider told.
 */
export type Obtain = (context: ObtainContext) => Promise<Obtained>;

const KINDS: { [type in Credentials["type"]]?: Obtain } = {
  APP: obtainInstallationToken,
  AWS_SIGV4: assume,
  BILL: logIn,
  CUSTOM: obtainAppAndUser,
  JWT: makeJwt,
  OAUTH2: refreshOAuth2,
  OAUTH2_CC: obtainClientToken,
  SIGNATURE: makeSignature,
  TWO_STEP: obtainInSteps,
};

/** A new token for credentials of any kind that can get one without asking anybody: see `isRenewable`. */
export const obtain: Obtain = async (context) => {
  const { type } = context.credentials;
  const way = KINDS[type];
  if (way === undefined)
    throw new AppError("invalid_credentials", `No token is obtained for credentials of kind ${type}.`);
  return await way(context);
};
