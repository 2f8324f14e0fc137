// Where a forwarded request goes: the caller's path and query, byte for byte, after the base. The host is the base's alone:
// whatever the path holds (dots, another URL, encoded slashes), it stays a path.
import { fillTemplate } from "../providers/template.ts";
import type { ProxyTarget } from "./types.ts";
import { asRead, baseUrl, continues, parseUrl } from "./url.ts";

/** `path` as it follows the first slash, `query` with its question mark; both as they arrived. */
export type ForwardPath = { path: string; query: string; baseUrlOverride?: string | undefined };

/** `url` is for choosing and judging the host, for limits and for the log; `path` is what is sent. */
export type ForwardPlace = { url: URL; path: string };

// `#` would end the query in the URL, so it is none: clients do not send it.
const withoutFragment = (text: string): string => text.split("#", 1)[0]!;

// The path may be the whole URL again, as APIs give it for their next page.
const afterBase = (path: string, base: string): string => {
  if (path === "") return "";
  return continues(path, base) ? path.slice(base.length) : `/${path}`;
};

const providerQuery = (target: ProxyTarget, given: URLSearchParams): string[] =>
  Object.entries(target.provider.proxy?.query ?? {}).flatMap(([name, template]) => {
    if (given.has(name)) return [];
    const { text, missing } = fillTemplate(template, target);
    return missing.length > 0 ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(text)}`];
  });

/** Throws `missing_base_url` when there is no base, or none that can be filled or parsed. */
export const forwardPlace = ({ path, query, baseUrlOverride }: ForwardPath, target: ProxyTarget): ForwardPlace => {
  const base = baseUrl(baseUrlOverride === undefined ? {} : { baseUrlOverride }, target);
  const { origin, pathname, search } = parseUrl(base);
  const whole = pathname.replace(/\/$/, "") + withoutFragment(afterBase(path, base));
  const given = [search, withoutFragment(query)].map((part) => part.slice(1)).filter((part) => part !== "");
  const parts = [...given, ...providerQuery(target, new URLSearchParams(given.join("&")))];
  const sent = `${whole || "/"}${parts.length === 0 ? "" : `?${parts.join("&")}`}`;
  return { url: asRead(new URL(origin + sent), target), path: sent };
};
