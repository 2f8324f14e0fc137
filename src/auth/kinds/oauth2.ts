// OAUTH2, and the MCP servers whose credentials are the same: a new access token for the refresh token.
//
// Where a provider is found by its metadata (RFC 8414, RFC 9728) the connection's config says what was found: `token_endpoint`,
// `token_endpoint_auth_method` and the `resource` that tokens are for (RFC 8707). A client that was registered for this
// connection alone is in its credentials' `config_override`, and often has no secret.
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Provider } from "../../providers/schema.ts";
import type { Obtain } from "../obtain.ts";
import { clientOf, type TokenClient } from "./client.ts";
import { requestToken, type TokenAnswer, type TokenContext } from "./token-endpoint.ts";

type OAuth2 = Extract<Credentials, { type: "OAUTH2" }>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

type Discovered = { provider: Provider; tokenUrl: string | undefined; resource: string | undefined };

/** What the connection found out about its MCP server; nothing for other providers, whose entries say it all. */
const discoveredBy = ({ provider, connectionConfig }: TokenContext): Discovered => {
  if (!provider.auth_mode.startsWith("MCP_OAUTH2")) return { provider, tokenUrl: undefined, resource: undefined };
  const { token_endpoint, token_endpoint_auth_method, resource } = connectionConfig;
  const method = text(token_endpoint_auth_method);
  return {
    provider: { ...provider, ...(method && { token_request_auth_method: method }) },
    tokenUrl: text(token_endpoint),
    resource: text(resource),
  };
};

const mustHaveClient = ({ provider, client }: TokenContext, override: OAuth2["config_override"]): TokenClient => {
  const found = clientOf(client, override);
  if (found !== undefined) return found;
  throw new AppError("invalid_credentials", `The integration has no client that ${provider.display_name} would know.`);
};

/** The tokens for a code that the browser brought back. `override`: the connection's own client. */
export const exchangeCode = async (
  context: TokenContext,
  { code, redirectUri, codeVerifier }: { code: string; redirectUri: string; codeVerifier?: string | undefined },
  override?: OAuth2["config_override"],
): Promise<TokenAnswer> => {
  const { provider, tokenUrl, resource } = discoveredBy(context);
  return await requestToken(
    { ...context, provider },
    {
      grant: "authorization_code",
      client: mustHaveClient(context, override),
      params: { code, redirect_uri: redirectUri, code_verifier: codeVerifier, resource },
      tokenUrl,
    },
  );
};

/** Credentials with the tokens of an answer; one without a new refresh token leaves the old one as it was. */
export const withTokens = (
  { access_token, refresh_token, expires_at, raw }: TokenAnswer,
  known: { refresh_token?: string | undefined; config_override?: OAuth2["config_override"] } = {},
): OAuth2 => {
  const kept = refresh_token ?? known.refresh_token;
  return {
    type: "OAUTH2",
    access_token,
    ...(kept && { refresh_token: kept }),
    ...(expires_at && { expires_at }),
    raw,
    ...(known.config_override && { config_override: known.config_override }),
  };
};

/** A refresh, by RFC 6749 section 6. */
export const refreshOAuth2: Obtain = async (context) => {
  const credentials = context.credentials as OAuth2;
  const { refresh_token, config_override } = credentials;
  const { provider, tokenUrl, resource } = discoveredBy(context);
  if (refresh_token === undefined)
    throw new AppError("invalid_credentials", `${provider.display_name} gave no refresh token for this connection.`);
  const answer = await requestToken(
    { ...context, provider },
    {
      grant: "refresh_token",
      client: mustHaveClient(context, config_override),
      params: { refresh_token, resource },
      tokenUrl,
    },
  );
  return { credentials: withTokens(answer, credentials), connectionConfig: answer.connectionConfig };
};
