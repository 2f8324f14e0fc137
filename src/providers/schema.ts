// What a catalogue entry is, in the vocabulary of the published catalogue format.
// Known fields are checked so that a mistake is named; unknown fields pass through untouched, for catalogues newer than this file.
import { z } from "zod";
import { WebhookRule } from "./webhook/rule.ts";
import { sharedRules } from "./webhook/rules.ts";

const AUTH_MODES = [
  "API_KEY",
  "APP",
  "APP_STORE",
  "AWS_SIGV4",
  "BASIC",
  "BILL",
  "CUSTOM",
  "INSTALL_PLUGIN",
  "JWT",
  "MCP_OAUTH2",
  "MCP_OAUTH2_GENERIC",
  "NONE",
  "OAUTH1",
  "OAUTH2",
  "OAUTH2_CC",
  "SIGNATURE",
  "TBA",
  "TWO_STEP",
] as const;

const oneOrMore = z.union([z.string(), z.array(z.string())]);
const texts = z.record(z.string(), z.string());
const statusPattern = z.string().regex(/^(\d{3}|\dxx|\d{3}-\d{3})$/, "must be like 403, 5xx or 500-502");

/**
 * Which answers to try again and how long to wait. `at`: header with a time; `after`: header with seconds.
 * `limit_scope`: who shares a limit, one connection (the default) or all of an integration. `limit_paths`: what is limited
 * apart: paths that start so, the first that fits, or "each" path.
 */
const Retry = z.looseObject({
  at: oneOrMore.optional(),
  after: oneOrMore.optional(),
  remaining: z.string().optional(),
  error_code: z.array(z.coerce.string().pipe(statusPattern)).optional(),
  in_body: z
    .looseObject({ path: z.string(), value: z.string(), strategy: z.enum(["at", "after"]).default("after") })
    .optional(),
  limit_scope: z.enum(["connection", "integration"]).optional(),
  limit_paths: z.union([z.literal("each"), z.array(z.string())]).optional(),
});

/** Defaults for `paginate`; a call's own settings are laid over them. */
const Paginate = z.looseObject({
  type: z.enum(["cursor", "link", "offset"]).optional(),
  limit: z.number().int().positive().optional(),
  limit_name_in_request: z.string().optional(),
  response_path: z.string().optional(),
  in_body: z.boolean().optional(),
  cursor_name_in_request: z.string().optional(),
  cursor_path_in_response: z.string().optional(),
  link_rel_in_response_header: z.string().optional(),
  link_path_in_response_body: z.string().optional(),
  offset_name_in_request: z.string().optional(),
  offset_start_value: z.number().int().optional(),
  offset_calculation_method: z.enum(["by-response-size", "per-page"]).optional(),
});

/** Requests that succeed with good credentials only; one that does is enough. */
const Verification = z.looseObject({
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
  endpoints: z.array(z.string()).min(1),
  base_url_override: z.string().optional(),
  headers: texts.optional(),
  data: z.unknown().optional(),
});

const ProxyDefaults = z.looseObject({
  base_url: z.string().min(1).optional(),
  headers: texts.optional(),
  query: texts.optional(),
  retry: Retry.optional(),
  paginate: Paginate.optional(),
  decompress: z.boolean().optional(),
  forward_headers_on_redirect: z.boolean().optional(),
  verification: Verification.optional(),
});

const Field = z.looseObject({
  type: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  example: z.union([z.string(), z.number()]).optional(),
  pattern: z.string().optional(),
  optional: z.boolean().optional(),
  secret: z.boolean().optional(),
});

const params = z.record(z.string(), z.unknown());

/** How a person is asked, in a browser. */
const Authorization = {
  authorization_url: z.string().optional(),
  authorization_params: params.optional(),
  /** Parts of the URL that this provider names otherwise. */
  authorization_url_replacements: texts.optional(),
  authorization_url_fragment: z.string().optional(),
  /** Names of parameters that are sent as they are written. */
  authorization_url_skip_encode: z.array(z.string()).optional(),
  authorization_url_skip_empty: z.boolean().optional(),
  authorization_code_param_in_callback: z.string().optional(),
  scope_separator: z.string().optional(),
  default_scopes: z.array(z.string()).optional(),
  disable_pkce: z.boolean().optional(),
  /** What the callback's query and the token's answer say that the connection's config keeps. */
  redirect_uri_metadata: z.array(z.string()).optional(),
  token_response_metadata: z.array(z.string()).optional(),
  /** OAuth 1: where a request token is had, and how requests are signed (HMAC-SHA1 unless it says otherwise). */
  request_url: z.string().optional(),
  request_params: params.optional(),
  signature_method: z.string().optional(),
  /** MCP: how a client is made known, and where. */
  client_registration: z.string().optional(),
  registration_url: z.string().optional(),
  registration_params: params.optional(),
} as const;

const Token = z.looseObject({
  signing_key: z.string().optional(),
  expires_in_ms: z.number().optional(),
  header: params.optional(),
  payload: params.optional(),
});

const TokenResponse = z.looseObject({
  token: z.string(),
  refresh_token: z.string().optional(),
  token_expiration: z.string().optional(),
  token_expiration_strategy: z.enum(["expireAt", "expireIn"]).optional(),
});

/** How a token is had, and a new one. */
const TokenEndpoint = {
  token_url: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  token_params: params.optional(),
  token_headers: texts.optional(),
  token_request_method: z.string().optional(),
  /** How the client names itself at the token endpoint: `basic` in a header; otherwise in the body. */
  token_request_auth_method: z.string().optional(),
  authorization_method: z.string().optional(),
  body_format: z.string().optional(),
  refresh_url: z.string().optional(),
  refresh_params: params.optional(),
  refresh_token_params: params.optional(),
  refresh_token_headers: texts.optional(),
  alternate_access_token_response_path: z.string().optional(),
  /** Seconds before its end in which a token is renewed; 15 min otherwise. */
  token_expiration_buffer: z.number().optional(),
  token_expires_in_ms: z.number().optional(),
  expires_in_unit: z.string().optional(),
  token_response: TokenResponse.optional(),
  token: Token.optional(),
  additional_steps: z.array(z.looseObject({ token_url: z.string().optional() })).optional(),
  signature: z.looseObject({ protocol: z.string().optional() }).optional(),
  require_client_certificate: z.boolean().optional(),
} as const;

/** How its webhooks are judged: a rule, or the name of a shared one. Kept as written; `ruleOf` gives the rule. */
const Webhook = z.union([z.string(), z.record(z.string(), z.unknown())]).superRefine((webhook, context) => {
  if (typeof webhook === "string") {
    if (!sharedRules().has(webhook)) context.addIssue({ code: "custom", message: `there is no rule ${webhook}` });
    return;
  }
  const { error } = WebhookRule.safeParse(webhook);
  for (const { path, message } of error?.issues ?? []) context.addIssue({ code: "custom", path: [...path], message });
});

/** A catalogue entry. Texts in `proxy` and the URLs may hold `${…}` templates, filled per connection by `template.ts`. */
export const Provider = z.looseObject({
  display_name: z.string().min(1),
  auth_mode: z.enum(AUTH_MODES),
  categories: z.array(z.string()).optional(),
  docs: z.string().optional(),
  proxy: ProxyDefaults.optional(),
  ...Authorization,
  ...TokenEndpoint,
  connection_config: z.record(z.string(), Field).optional(),
  credentials: z.record(z.string(), Field).optional(),
  webhook: Webhook.optional(),
});

export type Provider = z.infer<typeof Provider>;
export type ProviderRetry = z.infer<typeof Retry>;
export type ProviderPaginate = z.infer<typeof Paginate>;
