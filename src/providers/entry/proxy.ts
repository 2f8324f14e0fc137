// How requests to a provider's API are sent, tried again, paged and tested.
import { z } from "zod";
import { httpMethod, oneOrMore, params, template, templates, urlTemplate } from "./basics.ts";

const statusPattern = z.string().regex(/^(\d{3}|\dxx|\d{3}-\d{3})$/, "must be like 403, 5xx or 500-502");

/**
 * Which answers to try again and how long to wait. `at`: header with a time; `after`: header with seconds.
 * `limit_scope`: who shares a limit, one connection (the default) or all of an integration. `limit_paths`: what is limited
 * apart: paths that start so, the first that fits, or "each" path.
 */
export const Retry = z.looseObject({
  at: oneOrMore.optional(),
  after: oneOrMore.optional(),
  remaining: z.string().optional(),
  error_code: z.array(z.coerce.string().pipe(statusPattern)).optional(),
  in_body: z
    .looseObject({ path: z.string(), value: z.string(), strategy: z.enum(["at", "after"]).default("after") })
    .optional(),
  limit_scope: z.enum(["connection", "integration"]).optional(),
  limit_paths: z
    .union([z.literal("each"), z.array(z.string())], { error: 'must be "each" or a list of paths' })
    .optional(),
});

/** Defaults for `paginate`; a call's own settings are laid over them. */
export const Paginate = z.looseObject({
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
  method: httpMethod.default("GET"),
  endpoints: z.array(template).min(1),
  base_url_override: urlTemplate.optional(),
  headers: templates.optional(),
  data: z.unknown().optional(),
});

export const ProxyDefaults = z.looseObject({
  base_url: urlTemplate.optional(),
  headers: templates.optional(),
  query: templates.optional(),
  /** Fields that every request's body gets. */
  body: params.optional(),
  /** Of a connection's config, what the entry's own functions read; without effect on requests. */
  connection_config: templates.optional(),
  retry: Retry.optional(),
  paginate: Paginate.optional(),
  decompress: z.boolean().optional(),
  forward_headers_on_redirect: z.boolean().optional(),
  verification: Verification.optional(),
});
