// OAuth 2: the authorization URL as the provider's entry wants it, and the tokens for the code that comes back. Every attempt
// has a PKCE verifier of its own unless the entry says that the provider cannot take one.
import { randomBytes } from "node:crypto";
import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from "oauth4webapi";
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { fillTemplate } from "../../providers/template.ts";
import { clientOf } from "../kinds/client.ts";
import { exchangeCode, withTokens } from "../kinds/oauth2.ts";
import { checkAddresses, checkTold, fillAddress } from "./address.ts";
import type { Arrival, Asked, CallbackQuery, FlowContext, FlowKind, FlowSecrets } from "./flow.ts";

// What nobody but us says, however the query asks for it: with these another would get the code, or ours would be another's.
const OURS = new Set([
  "client_id",
  "client_secret",
  "redirect_uri",
  "state",
  "code_challenge",
  "code_challenge_method",
  "response_type",
  "response_mode",
  "request",
  "request_uri",
]);

const list = (value: unknown): string[] =>
  typeof value === "string" ? value.split(/[,\s]+/).filter((part) => part !== "") : [];

/** The scopes of the app, with the separator of the provider. */
export const scopesOf = (provider: Provider, client: FlowContext["client"], config: Asked["config"]): string => {
  const override = list(config.oauth_scopes_override);
  const own = override.length > 0 ? override : [...(provider.default_scopes ?? []), ...list(client.scopes)];
  return [...new Set(own)].join(provider.scope_separator ?? " ");
};

const entryParams = (provider: Provider, config: Asked["config"]): [string, string][] =>
  Object.entries(provider.authorization_params ?? {}).flatMap(([name, value]): [string, string][] => {
    const written = String(value).replace(/\$\{random\}/g, () => randomBytes(16).toString("hex"));
    const context = { credentials: { type: "NONE" as const }, connectionConfig: config, metadata: {} };
    const { text, missing } = fillTemplate(written, context);
    if (missing.length > 0 && provider.authorization_url_skip_empty) return [];
    return text === "" && provider.authorization_url_skip_empty ? [] : [[name, text]];
  });

// Entries name parameters with or without the sign behind them; one that is replaced by nothing is left out.
const renamed = ({ authorization_url_replacements: to = {} }: Provider, name: string): string | undefined => {
  const given = to[name] ?? to[`${name}=`];
  return given === undefined ? name : given.replace(/=$/, "") || undefined;
};

// A provider that wants a parameter as it is written still gets nothing that ends it.
const encoded = (provider: Provider, name: string, value: string): string => {
  const asWritten = provider.authorization_url_skip_encode?.some((one) => one === name || one === `${name}s`);
  const text = encodeURIComponent(value);
  return asWritten ? text.replace(/%(2B|3A|2C|2F)/g, (code) => decodeURIComponent(code)) : text;
};

const withFragment = (url: URL, { authorization_url_fragment: fragment }: Provider): string => {
  const bare = url.href.replace(/[?#].*$/s, "");
  return fragment === undefined ? bare : `${bare.replace(/\/$/, "")}/#/${fragment.replace(/^\//, "")}`;
};

/** The authorization URL. `ours` wins over whatever else has the same name. */
export const authorizationUrl = (
  template: string,
  provider: Provider,
  { config, authorizationParams, userScopes }: Pick<Asked, "config" | "authorizationParams" | "userScopes">,
  ours: Record<string, string | undefined>,
): string => {
  const url = fillAddress(template, config);
  const params = new Map<string, string>([...url.searchParams, ...entryParams(provider, config)]);
  if (!params.has("response_type")) params.set("response_type", provider.auth?.response_type ?? "code");
  const { scope, ...fixed } = ours;
  if (scope) params.set("scope", scope);
  if (userScopes.length > 0) params.set("user_scope", userScopes.join(provider.scope_separator ?? ","));
  const reserved = new Set([...OURS].flatMap((name) => [name, renamed(provider, name) ?? name]));
  for (const [name, value] of Object.entries(authorizationParams)) {
    if (reserved.has(name.trim().toLowerCase()) || reserved.has(name)) continue;
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  for (const [name, value] of Object.entries(fixed)) if (value !== undefined) params.set(name, value);
  const query = [...params].flatMap(([name, value]) => {
    const sent = renamed(provider, name);
    return sent === undefined ? [] : [`${encodeURIComponent(sent)}=${encoded(provider, name, value)}`];
  });
  return `${withFragment(url, provider)}?${query.join("&")}`;
};

/** The parameters that PKCE adds, and the verifier to keep; nothing where the provider cannot take it. */
export const pkce = async (provider: Provider) => {
  if (provider.disable_pkce) return { verifier: undefined, params: {} };
  const verifier = generateRandomCodeVerifier();
  const code_challenge = await calculatePKCECodeChallenge(verifier);
  return { verifier, params: { code_challenge, code_challenge_method: "S256" } };
};

const originOf = (text: string | undefined): string | undefined => URL.parse(text ?? "")?.origin;

/**
 * RFC 9207: an answer that says who it is from must be from the one who was asked. Where the issuer is not known by name it
 * must be at the provider's addresses.
 */
const checkIssuer = (
  { provider }: Pick<FlowContext, "provider">,
  { issuer, config }: Pick<FlowSecrets, "issuer" | "config">,
  { iss }: CallbackQuery,
): void => {
  if (iss === undefined && !issuer?.isAlwaysSent) return;
  const { authorization_url, token_url, issuer: named } = provider as Provider & { issuer?: unknown };
  const is = issuer?.is ?? (typeof named === "string" ? named : undefined);
  const usual = typeof token_url === "string" ? token_url : token_url?.OAUTH2;
  const known = [authorization_url, usual].flatMap((url) => (url === undefined ? [] : fillAddress(url, config).origin));
  if (is === undefined ? known.includes(originOf(iss) ?? "") : iss === is) return;
  throw new AppError("invalid_oauth_flow", "The answer came from another authorization server than was asked.");
};

const decodeOnce = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

// For people, where the provider gives a code of RFC 6749, section 4.1.2.1, and no sentence of its own.
const SENTENCES: Record<string, string> = {
  access_denied: "Access was not allowed.",
  invalid_scope: "It does not give what the integration asks for.",
  server_error: "It has a fault of its own.",
  temporarily_unavailable: "It cannot answer now. Try again later.",
  unauthorized_client: "It does not know the integration's client for this.",
};

/** The code that came back; throws what the provider said instead. */
export const codeIn = (provider: Provider, query: CallbackQuery): string => {
  const given = query[provider.authorization_code_param_in_callback ?? "code"];
  const code = provider.decode_url && given ? decodeOnce(given) : given;
  if (query.error === undefined && code) return code;
  const type = /^[\w.-]{1,64}$/.test(query.error ?? "") ? query.error! : "authorization_failed";
  const known = Object.hasOwn(SENTENCES, type) ? SENTENCES[type] : "It sent no code.";
  const says = query.error_description?.slice(0, 300) || known;
  throw new AppError("authorization_failed", `${provider.display_name}: ${says}`, { payload: { type } });
};

/** What the callback says that the connection's config keeps. */
const keptOf = ({ redirect_uri_metadata: names = [] }: Provider, query: CallbackQuery): CallbackQuery =>
  Object.fromEntries(names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name].slice(0, 2048)]])));

/** Tokens for the code. */
export const exchange = async (
  context: FlowContext,
  secrets: FlowSecrets,
  query: CallbackQuery,
): Promise<Arrival & { isPending: false }> => {
  const { provider, client, integrationConfig, redirectUri, fetch, now } = context;
  checkIssuer(context, secrets, query);
  const code = codeIn(provider, query);
  const { override, refreshToken, codeVerifier } = secrets;
  const told = keptOf(provider, query);
  checkTold(provider, secrets.config, told);
  const config = { ...secrets.config, ...told };
  checkAddresses(provider, config);
  const answer = await exchangeCode(
    { provider, client, integrationConfig, connectionConfig: config, fetch, now },
    { code, redirectUri, codeVerifier },
    override,
  );
  const tokens = refreshToken === undefined ? answer : { ...answer, refresh_token: refreshToken };
  const credentials = withTokens(tokens, { config_override: override });
  return { isPending: false, credentials, config: { ...config, ...answer.connectionConfig } };
};

export const oauth2: FlowKind = {
  name: "oauth2",
  begin: async ({ provider, client, redirectUri }, asked) => {
    const template = provider.authorization_url;
    const known = clientOf(client, asked.override);
    if (template === undefined || known === undefined)
      throw new AppError("invalid_integration", `The integration has no client for ${provider.display_name} yet.`);
    const { verifier, params } = await pkce(provider);
    const url = authorizationUrl(template, provider, asked, {
      scope: scopesOf(provider, client, asked.config),
      client_id: known.client_id,
      redirect_uri: redirectUri,
      state: asked.state,
      ...params,
    });
    return { url, keep: verifier === undefined ? {} : { codeVerifier: verifier } };
  },
  finish: exchange,
};
