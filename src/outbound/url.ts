// The URL of a request: base from the override or the provider, the endpoint, the params.
import { AppError } from "../errors.ts";
import { fillTemplate } from "../providers/template.ts";
import type { ProxyRequest, ProxyTarget } from "./types.ts";

type Based = Pick<ProxyRequest, "baseUrlOverride">;

const ABSOLUTE = /^https?:\/\//i;

/** What URLs of this request begin with, without a slash at its end. Throws `missing_base_url`. */
export const baseUrl = (request: Based, target: ProxyTarget): string => {
  const template = request.baseUrlOverride || target.provider.proxy?.base_url;
  if (template === undefined)
    throw new AppError("missing_base_url", `${target.provider.display_name} has no base URL; set baseUrlOverride`);
  const { text, missing } = fillTemplate(template, target);
  if (missing.length > 0) {
    throw new AppError("missing_base_url", `The base URL ${template} needs ${missing.join(", ")} of the connection`);
  }
  return text.replace(/\/+$/, "");
};

/** True for an endpoint that is a whole URL under `base`. */
export const continues = (endpoint: string, base: string): boolean =>
  endpoint.startsWith(base) && /^([/?#]|$)/.test(endpoint.slice(base.length));

const join = (request: ProxyRequest, target: ProxyTarget): string => {
  const endpoint = request.endpoint.replace(/^\/+/, "");
  const isAbsolute = ABSOLUTE.test(endpoint);
  // An absolute endpoint needs no base, so one that cannot be filled must not stop it.
  if (isAbsolute && !request.baseUrlOverride) return endpoint;
  const base = baseUrl(request, target);
  if (isAbsolute && !continues(endpoint, base)) return endpoint;
  const path = isAbsolute ? endpoint.slice(base.length).replace(/^\/+/, "") : endpoint;
  return path === "" || path.startsWith("?") ? base + path : `${base}/${path}`;
};

/** Throws `missing_base_url` for a text that is no URL. */
export const parseUrl = (text: string): URL => {
  try {
    return new URL(text);
  } catch (cause) {
    throw new AppError("missing_base_url", "The base URL and the endpoint make no valid URL", { cause });
  }
};

const withParams = (text: string, params: ProxyRequest["params"]): URL => {
  if (typeof params === "string") {
    if (params === "") return parseUrl(text);
    if (text.includes("?")) {
      throw new AppError("invalid_query_params", "params cannot be a string when the endpoint has a query already");
    }
    return parseUrl(`${text}?${params.replace(/^\?/, "")}`);
  }
  const url = parseUrl(text);
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
};

/** The URL as the provider reads it: what AWS signs, it reads by the rules of URIs and not by those of forms. */
export const asRead = (url: URL, { credentials }: ProxyTarget): URL => {
  if (credentials.type === "AWS_SIGV4") url.search = url.search.replaceAll("+", "%20");
  return url;
};

/**
 * Where the request goes. Object params are set one by one (arrays joined by commas, undefined skipped), string params appended;
 * the provider's own query templates fill in what the caller left out. Throws `missing_base_url` or `invalid_query_params`.
 */
export const requestUrl = (request: ProxyRequest, target: ProxyTarget): URL => {
  const url = withParams(join(request, target), request.params);
  for (const [name, template] of Object.entries(target.provider.proxy?.query ?? {})) {
    if (url.searchParams.has(name)) continue;
    const { text, missing } = fillTemplate(template, target);
    if (missing.length === 0) url.searchParams.set(name, text);
  }
  return asRead(url, target);
};
