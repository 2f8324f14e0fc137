// How a person is asked for consent, in a browser.
import { z } from "zod";
import { metadataPaths, params, texts, urlTemplate } from "./basics.ts";

export const Authorization = {
  authorization_url: urlTemplate.optional(),
  authorization_params: params.optional(),
  /** Parts of the URL that this provider names otherwise. */
  authorization_url_replacements: texts.optional(),
  authorization_url_fragment: z.string().optional(),
  /** Names of parameters that are sent as they are written. */
  authorization_url_skip_encode: z.array(z.string()).optional(),
  authorization_url_skip_empty: z.boolean().optional(),
  authorization_code_param_in_callback: z.string().optional(),
  /** Where the code comes with a webhook, not with the callback. */
  authorization_code_param_in_webhook: z.string().optional(),
  /** True where the code stands in the callback's query encoded once more. */
  decode_url: z.boolean().optional(),
  scope_separator: z.string().optional(),
  default_scopes: z.array(z.string()).optional(),
  disable_pkce: z.boolean().optional(),
  auth: z.looseObject({ response_type: z.string().optional() }).optional(),
  /** Who starts: `outbound`, the provider's own pages. */
  installation: z.string().optional(),
  auth_type: z.string().optional(),
  /** What the callback's query, the token's answer, a renewal's and a webhook say that the connection's config keeps. */
  redirect_uri_metadata: metadataPaths.optional(),
  token_response_metadata: metadataPaths.optional(),
  refresh_token_response_metadata: metadataPaths.optional(),
  webhook_response_metadata: metadataPaths.optional(),
  /** OAuth 1: where a request token is had, and how requests are signed (HMAC-SHA1 unless it says otherwise). */
  request_url: urlTemplate.optional(),
  request_params: params.optional(),
  signature_method: z.enum(["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"]).optional(),
  /** MCP: how a client is made known, and where. */
  client_registration: z.enum(["static", "dynamic", "metadata_url", "cimd"]).optional(),
  registration_url: urlTemplate.optional(),
  registration_params: params.optional(),
} as const;
