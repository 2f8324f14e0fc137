// MCP servers: OAuth 2.1 with a client that is made known to the server in one of three ways. A client of the integration's own
// (static); the address of a document that describes us (CIMD), where the server reads such; or one that is registered for this
// connection alone (RFC 7591). Tokens are asked for the resource they are for (RFC 8707).
import {
  type AuthorizationServer,
  dynamicClientRegistrationRequest,
  processDynamicClientRegistrationResponse,
} from "oauth4webapi";
import { AppError, type Json } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { clientOf } from "../kinds/client.ts";
import { fillAddress } from "./address.ts";
import type { Asked, FlowContext, FlowKind, FlowSecrets } from "./flow.ts";
import { asking, type Discovered, discover, safeAddress } from "./mcp-discovery.ts";
import { authorizationUrl, exchange, pkce, scopesOf } from "./oauth2.ts";

type Known = { override: NonNullable<FlowSecrets["override"]>; isOwn: boolean; method?: string };

const CLIENT_NAME = "Syncline";
const OFFLINE = "offline_access";

/** The document behind a client's id that is an address, and what is registered otherwise. */
export const clientMetadata = (redirectUri: string) => ({
  client_name: CLIENT_NAME,
  redirect_uris: [redirectUri],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
});

/** What the entry says of its server, in the words of RFC 8414. */
const fromEntry = (provider: Provider, config: Asked["config"]): Discovered => {
  const { authorization_url, token_url, registration_url, authorization_params = {} } = provider;
  if (authorization_url === undefined || typeof token_url !== "string")
    throw new AppError("invalid_integration", `The entry of ${provider.display_name} lacks an address.`);
  const authorization = fillAddress(authorization_url, config);
  const server = {
    issuer: authorization.origin,
    authorization_endpoint: authorization.href,
    token_endpoint: fillAddress(token_url, config).href,
    ...(registration_url && { registration_endpoint: fillAddress(registration_url, config).href }),
    ...((provider.client_registration === "cimd" || provider.client_registration === "metadata_url") && {
      client_id_metadata_document_supported: true,
    }),
  };
  return { server, resource: String(authorization_params.resource ?? ""), scopes: [] };
};

const methodFor = ({ token_endpoint_auth_methods_supported: methods }: AuthorizationServer): string => {
  const taken = ["none", "client_secret_post", "client_secret_basic"].find((one) => methods?.includes(one));
  return taken ?? "none";
};

const register = async (
  { fetch, provider, redirectUri }: FlowContext,
  server: AuthorizationServer,
  scope: string,
): Promise<Known> => {
  const wanted = {
    ...clientMetadata(redirectUri),
    ...(scope !== "" && { scope }),
    ...provider.registration_params,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: methodFor(server),
  };
  try {
    const at = safeAddress(server.registration_endpoint);
    const response = await dynamicClientRegistrationRequest(server, wanted, asking(fetch, at));
    const { client_id, client_secret, token_endpoint_auth_method } =
      await processDynamicClientRegistrationResponse(response);
    const override = { client_id, ...(typeof client_secret === "string" && { client_secret }) };
    return { override, isOwn: true, method: String(token_endpoint_auth_method ?? wanted.token_endpoint_auth_method) };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("authorization_failed", `${provider.display_name} registers no client for us.`, { cause });
  }
};

const makeKnown = async (
  context: FlowContext,
  asked: Asked,
  server: AuthorizationServer,
  scope: string,
): Promise<Known> => {
  const known = clientOf(context.client, asked.override);
  if (known !== undefined) return { override: known, isOwn: asked.override !== undefined };
  const { clientMetadataUrl } = asked;
  if (server.client_id_metadata_document_supported === true && clientMetadataUrl.startsWith("https:"))
    return { override: { client_id: clientMetadataUrl }, isOwn: true, method: "none" };
  if (server.registration_endpoint !== undefined) return await register(context, server, scope);
  throw new AppError("invalid_integration", `${context.provider.display_name} needs a client that it knows.`);
};

const scopeFor = (
  { provider, client }: FlowContext,
  config: Asked["config"],
  { server, scopes }: Discovered,
): string => {
  const own = scopesOf(provider, client, config).split(" ");
  const wanted = own[0] === "" ? scopes : own;
  const offline = server.scopes_supported?.includes(OFFLINE) && !wanted.includes(OFFLINE) ? [OFFLINE] : [];
  return [...wanted, ...offline].join(provider.scope_separator ?? " ");
};

export const mcp: FlowKind = {
  name: "mcp",
  begin: async (context, asked) => {
    const { provider, fetch, redirectUri } = context;
    const isFound = provider.auth_mode === "MCP_OAUTH2_GENERIC";
    const found = isFound ? await discover(fetch, asked.config.mcp_server_url) : fromEntry(provider, asked.config);
    const { server, resource } = found;
    if (server.code_challenge_methods_supported?.includes("S256") === false)
      throw new AppError(
        "authorization_failed",
        `${provider.display_name} takes no PKCE, without which nobody is sent there.`,
      );
    const endpoint = safeAddress(server.authorization_endpoint);
    const tokenEndpoint = safeAddress(server.token_endpoint).href;
    const scope = scopeFor(context, asked.config, found);
    const { override, isOwn, method } = await makeKnown(context, asked, server, scope);
    const { verifier, params } = await pkce({ ...provider, disable_pkce: false });
    const url = authorizationUrl(endpoint.href, provider, asked, {
      scope,
      client_id: override.client_id,
      redirect_uri: redirectUri,
      state: asked.state,
      ...(resource !== "" && { resource }),
      ...params,
    });
    const config: Record<string, Json> = {
      ...(asked.config as Record<string, Json>),
      ...(isFound && { token_endpoint: tokenEndpoint }),
      ...(method !== undefined && { token_endpoint_auth_method: method }),
      ...(resource !== "" && { resource }),
    };
    const issuer = { is: server.issuer, isAlwaysSent: server.authorization_response_iss_parameter_supported === true };
    return {
      url,
      keep: {
        config,
        ...(isOwn && { override }),
        ...(verifier !== undefined && { codeVerifier: verifier }),
        ...(isFound && { issuer }),
      },
    };
  },
  finish: exchange,
};
