// OAUTH2_CC: a token for the client itself (RFC 6749, section 4.4). The client is the connection's own; it proves itself by a
// secret, by a signed assertion (RFC 7523) or by its certificate (RFC 8705).

import { importPKCS8 } from "jose";
import { type ClientAuth, clockSkew, PrivateKeyJwt, TlsClientAuth } from "oauth4webapi";
import { AppError } from "../../errors.ts";
import { certificateOf } from "../../outbound/certificates.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Obtain, ObtainContext } from "../obtain.ts";
import { timeIn } from "./answer.ts";
import { proofOf } from "./client.ts";
import { algorithmOf, readPrivateKey } from "./private-key.ts";
import { requestToken } from "./token-endpoint.ts";

type ClientCredentials = Extract<Credentials, { type: "OAUTH2_CC" }>;

// Providers that do not say mostly mean an hour.
const USUAL_LIFE_MS = 55 * 60_000;

const privateKeyJwt = async (pem: string, now: number): Promise<ClientAuth> => {
  const { key, kid } = readPrivateKey(pem);
  const signing = await importPKCS8(key.export({ type: "pkcs8", format: "pem" }) as string, algorithmOf(key));
  const prove = PrivateKeyJwt(kid === undefined ? signing : { key: signing, kid });
  const skew = Math.round((now - Date.now()) / 1000);
  return (server, client, body, headers) => prove(server, { ...client, [clockSkew]: skew }, body, headers);
};

const proofFor = async ({ provider, now }: ObtainContext, given: ClientCredentials): Promise<ClientAuth> => {
  const { client_id, client_secret, client_private_key, client_certificate } = given;
  if (provider.token_request_auth_method === "private_key_jwt") {
    if (client_private_key !== undefined) return await privateKeyJwt(client_private_key, now());
    throw new AppError("invalid_credentials", `${provider.display_name} needs the client's private key.`);
  }
  if (provider.require_client_certificate && (client_certificate === undefined || client_private_key === undefined))
    throw new AppError("invalid_credentials", `${provider.display_name} needs the client's certificate and key.`);
  if (client_secret === undefined && client_certificate !== undefined) return TlsClientAuth();
  return proofOf(provider, { client_id, ...(client_secret && { client_secret }) });
};

const listed = (given: unknown): string[] =>
  typeof given === "string" ? given.split(/[\s,]+/).filter((one) => one !== "") : [];

/** The connection's own scopes, or else the integration's, or else the entry's. */
const scopeOf = ({ provider, client, connectionConfig }: ObtainContext): string | undefined => {
  const given = [listed(connectionConfig.oauth_scopes), listed(client.scopes), provider.default_scopes ?? []];
  const scopes = given.find((one) => one.length > 0);
  return scopes?.join(provider.scope_separator ?? " ");
};

/** A new token for the client. Its life is 55 min unless the provider or its entry says otherwise; 0 there means no end. */
export const obtainClientToken: Obtain = async (context) => {
  const credentials = context.credentials as ClientCredentials;
  const { client_id, client_secret } = credentials;
  const { access_token, expires_at, raw, connectionConfig } = await requestToken(context, {
    grant: "client_credentials",
    client: { client_id, ...(client_secret && { client_secret }) },
    params: { scope: scopeOf(context) },
    proof: await proofFor(context, credentials),
    ...certificateOf(credentials),
  });
  const isEndless = context.provider.token_expires_in_ms === 0;
  const ends = expires_at ?? (isEndless ? undefined : timeIn(USUAL_LIFE_MS, context.now(), 1));
  const { expires_at: _old, ...kept } = credentials;
  return { credentials: { ...kept, token: access_token, ...(ends && { expires_at: ends }), raw }, connectionConfig };
};
