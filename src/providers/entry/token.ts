// How a token is had, and a new one.
import { z } from "zod";
import { bodyFormat, httpMethod, params, template, templates, urlTemplate } from "./basics.ts";

// The published catalogue's words, and those of RFC 7591 that a server's metadata has.
const CLIENT_AUTH = ["basic", "custom", "private_key_jwt", "client_secret_basic", "client_secret_post", "none"];

/** A token that is made here, by signing. */
const Token = z.looseObject({
  signing_key: template.optional(),
  expires_in_ms: z.number().positive().optional(),
  header: params.optional(),
  payload: params.optional(),
});

const TokenResponse = z.looseObject({
  /** A path in the answer; empty where the answer is the token. */
  token: z.string(),
  refresh_token: z.string().optional(),
  token_expiration: z.string().optional(),
  token_expiration_strategy: z.enum(["expireAt", "expireIn"]).optional(),
});

/** What is signed here and brought to the token endpoint: `${credentials.assertion}`. */
const Assertion = z.looseObject({
  type: z.enum(["jwt", "saml"]),
  key: template,
  header: params.optional(),
  payload: params.optional(),
  lifetimeInSeconds: z.coerce.number().positive().optional(),
  singleUse: z.boolean().optional(),
});

const Step = z.looseObject({
  token_url: urlTemplate.optional(),
  token_params: params.optional(),
  token_headers: templates.optional(),
  token_request_method: httpMethod.optional(),
  body_format: bodyFormat.optional(),
});

const Signature = z.looseObject({
  protocol: z.enum(["RSA", "EC", "HMAC", "WSSE"]).optional(),
  hmac_secret_encoding: z.enum(["utf8", "hex", "base64"]).optional(),
});

export const TokenEndpoint = {
  token_url: z
    .union([urlTemplate, z.record(z.string(), urlTemplate)], {
      error: "must be an address, or an object of addresses by kind",
    })
    .optional(),
  token_params: params.optional(),
  token_headers: templates.optional(),
  token_request_method: httpMethod.optional(),
  /** How the client names itself at the token endpoint: `basic` in a header; otherwise in the body. */
  token_request_auth_method: z
    .string()
    .refine((method) => CLIENT_AUTH.includes(method), `must be one of ${CLIENT_AUTH.join(", ")}`)
    .optional(),
  authorization_method: z.enum(["header", "body"]).optional(),
  body_format: bodyFormat.optional(),
  refresh_url: urlTemplate.optional(),
  refresh_params: params.optional(),
  refresh_token_params: params.optional(),
  refresh_token_headers: templates.optional(),
  alternate_access_token_response_path: z.string().optional(),
  /** Seconds before its end in which a token is renewed; 15 min otherwise. */
  token_expiration_buffer: z.number().nonnegative().optional(),
  token_expires_in_ms: z.number().nonnegative().optional(),
  expires_in_unit: z.enum(["seconds", "milliseconds"]).optional(),
  token_response: TokenResponse.optional(),
  /** Headers of the answer that are kept beside the token. */
  token_response_headers: z.array(z.string()).optional(),
  token: Token.optional(),
  additional_steps: z.array(Step).optional(),
  assertion: Assertion.optional(),
  signature: Signature.optional(),
  require_client_certificate: z.boolean().optional(),
} as const;
