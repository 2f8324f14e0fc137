// A request to a token endpoint (RFC 6749, section 3.2) as a catalogue entry says, and the token from its answer.
//
// The client's proof comes from oauth4webapi. Its own requests are not used: they are always POSTs of forms and they refuse
// what every second provider answers, such as a token without a type or a failure with status 200.
import type { ClientAuth } from "oauth4webapi";
import { AppError, type Json } from "../../errors.ts";
import type { ClientCertificate } from "../../outbound/certificates.ts";
import type { Provider } from "../../providers/schema.ts";
import type { ObtainContext } from "../obtain.ts";
import { fieldsOf, metadataIn, refusedBy, type Token, tokenIn } from "./answer.ts";
import { type Answer, ask } from "./ask.ts";
import { proofOf, type TokenClient } from "./client.ts";
import { fillFields, fillHeaders, fillUrl, templateContext } from "./fill.ts";
import { refusal } from "./refusal.ts";

export type Grant = "authorization_code" | "refresh_token" | "client_credentials";

/** What is known of the connection, which need not be there yet when a code is exchanged. */
export type TokenContext = Omit<ObtainContext, "credentials" | "metadata" | "integrationConfig"> &
  Partial<Pick<ObtainContext, "credentials" | "metadata" | "integrationConfig">>;

export type TokenRequest = {
  grant: Grant;
  client: TokenClient;
  /** What this grant needs: code, redirect_uri and code_verifier, or refresh_token, or scope. */
  params: Record<string, string | undefined>;
  /** Where an entry does not name it, or the connection has its own. */
  tokenUrl?: string | undefined;
  /** In place of the way that the entry names. */
  proof?: ClientAuth | undefined;
  certificate?: ClientCertificate | undefined;
};

/** `raw` is what the provider said; `connectionConfig` what the entry wants kept of that. */
export type TokenAnswer = Token & { raw: Record<string, Json>; connectionConfig: Record<string, Json> };

const endpointOf = (context: TokenContext, { grant, tokenUrl }: TokenRequest): string => {
  const { display_name, token_url, refresh_url } = context.provider;
  const usual = typeof token_url === "string" ? token_url : token_url?.OAUTH2;
  const template = tokenUrl ?? (grant === "refresh_token" ? (refresh_url ?? usual) : usual);
  if (template === undefined)
    throw new AppError("invalid_credentials", `The entry of ${display_name} names no token endpoint.`);
  return fillUrl(template, templateContext(context));
};

const entryParams = ({ token_params, refresh_params, refresh_token_params }: Provider, grant: Grant) =>
  (grant === "refresh_token" ? (refresh_params ?? refresh_token_params) : token_params) ?? {};

const send = async (context: TokenContext, url: string, request: TokenRequest): Promise<Answer> => {
  const { provider } = context;
  const { client, grant } = request;
  const filling = templateContext(context);
  const proof = new URLSearchParams();
  const headers = new Headers(fillHeaders(provider.token_headers, filling));
  const { client_id } = client;
  // Providers that take assertions want them made out to the endpoint itself: RFC 7523, section 3.
  const issuer = url.split("?")[0]!;
  await (request.proof ?? proofOf(provider, client))({ issuer }, { client_id }, proof, headers);
  const given = Object.entries(request.params).filter(([, value]) => value !== undefined);
  return await ask(context, {
    url,
    method: provider.token_request_method ?? "POST",
    headers: Object.fromEntries(headers),
    params: {
      grant_type: grant,
      ...Object.fromEntries(given),
      ...fillFields(entryParams(provider, grant), filling),
      ...Object.fromEntries(proof),
    },
    format: provider.body_format,
    certificate: request.certificate,
  });
};

/**
 * Ask for a token, once. Rejects with `refresh_token_external_error` when the provider gives none; neither the message nor
 * the payload has a secret of the context, of the client or of the request.
 */
export const requestToken = async (context: TokenContext, request: TokenRequest): Promise<TokenAnswer> => {
  const { provider, now } = context;
  const url = endpointOf(context, request);
  const { client_secret = "" } = request.client;
  const { code = "", code_verifier = "", refresh_token = "" } = request.params;
  const secrets = [client_secret, code, code_verifier, refresh_token].filter((text) => text !== "");
  const answer = await send(context, url, request);
  const refused = refusedBy(answer);
  if (refused !== undefined) throw refusal(context, refused, secrets);
  const raw = fieldsOf(answer);
  const token = tokenIn(provider, raw, now());
  if (token === undefined) {
    const description = "its answer has no access token";
    throw refusal(context, { status: answer.status, description }, secrets);
  }
  const kept = request.grant === "refresh_token" ? provider.refresh_token_response_metadata : undefined;
  const paths = [...(provider.token_response_metadata ?? []), ...(Array.isArray(kept) ? kept : [])];
  return { ...token, raw, connectionConfig: metadataIn(raw, paths) };
};
