// Requests made from the document: whole, or spoilt in one of the ways in which requests are.
import fc from "fast-check";
import type { Parameter } from "../../src/http/docs/document.ts";
import type { Contract, Place } from "./document.ts";
import { type Choose, NASTY, spoil, valueFor } from "./fuzz-values.ts";
import { KEYS } from "./running.ts";
import { ACCOUNT_KEY, SESSION } from "./world.ts";

export type Request = { method: string; target: string; headers: { [name: string]: string }; body: Buffer | undefined };

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "TRACE"];
const TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "application/json; charset=latin9",
  "application/jsonx",
  "x",
  "",
];
const BEARERS = [
  "Bearer",
  "Bearer a b",
  "Basic eDp4",
  `bearer ${KEYS.dev}`,
  "Bearer nobody",
  `Bearer nango_connect_session_${"0".repeat(64)}`,
  "Bearer nango_connect_session_x",
  `Bearer ${"x".repeat(4000)}`,
];
const SEGMENTS = [
  "%00",
  "%ED%A0%80",
  "%FF",
  "%",
  "%zz",
  "%2F",
  "..%2f..",
  "%252e",
  "a".repeat(2000),
  "__proto__",
  "%F0%9D%95%8F",
  "%20",
  "1e99",
  "-1",
  "null",
];
const QUERIES = [
  "?x=1",
  "?limit=1&limit=2",
  "?%00=%00",
  "?a[b][c][d][e][f]=1",
  "?__proto__[x]=1",
  "?tags[]=1&tags=2",
  `?${"a=1&".repeat(1500)}`,
  "?%ED%A0%80=1",
  "?=",
  "?&&&",
  `?ids=${"x".repeat(5000)}`,
  "?%",
  "??",
];

const isOneIn = (g: Choose, of: number): boolean => g(fc.nat, { max: of - 1 }) === 0;
const pick = <T>(g: Choose, from: readonly T[]): T => from[g(fc.nat, { max: from.length - 1 })] as T;

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

// A lone surrogate has no bytes of its own in a URL.
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/** What a header can carry at all: anything else no client sends but by a raw socket. */
const headerText = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").trim();

const shouldSend = (g: Choose, { required, in: place }: Parameter): boolean =>
  place === "path" || (required === true ? !isOneIn(g, 20) : isOneIn(g, 2));

const queryOf = (parameter: Parameter, value: unknown): string[] => {
  if (Array.isArray(value)) return value.map((one) => `${encode(parameter.name)}=${encode(asText(one))}`);
  if (typeof value !== "object" || value === null) return [`${encode(parameter.name)}=${encode(asText(value))}`];
  return Object.entries(value).map(([key, one]) => `${encode(`${parameter.name}[${key}]`)}=${encode(asText(one))}`);
};

// What the rest of the requests need is not deleted: the environments, their keys, what is in them under a known name.
const harmless = ({ method, path }: Place, value: unknown): unknown => {
  if (method !== "delete") return value;
  return path.startsWith("/environments/") ? Number(value) + 1000 : `${asText(value).slice(0, 200)}-gone`;
};

const bearerFor = ({ operation: { security = [] } }: Place): string => {
  if (security.some((scheme) => "account" in scheme)) return ACCOUNT_KEY;
  return security.some((scheme) => "session" in scheme) && !security.some((scheme) => "environment" in scheme)
    ? SESSION
    : KEYS.dev;
};

/** A request to the operation that the document allows. */
export const wholeRequest = (g: Choose, { document }: Contract, place: Place): Request => {
  const { operation, method } = place;
  const headers: Request["headers"] = { authorization: `Bearer ${bearerFor(place)}` };
  const query: string[] = [];
  let target = place.path;
  for (const parameter of operation.parameters ?? []) {
    if (!shouldSend(g, parameter)) continue;
    const value = valueFor(g, document, parameter.schema ?? {}, parameter.name);
    if (parameter.in === "path")
      target = target.replace(`{${parameter.name}}`, encode(asText(harmless(place, value))) || "x");
    else if (parameter.in === "header") headers[parameter.name] = headerText(asText(value));
    else query.push(...queryOf(parameter, value));
  }
  if (query.length > 0) target += `?${query.join("&")}`;
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (media === undefined) return { method: method.toUpperCase(), target, headers, body: undefined };
  const value = valueFor(g, document, media.schema ?? {});
  const body = Buffer.from(
    JSON.stringify(place.path === "/environment/api-keys" && method === "delete" ? { id: 999_999 } : value),
  );
  return { method: method.toUpperCase(), target, headers: { ...headers, "content-type": type as string }, body };
};

const replaceSegment = (g: Choose, target: string): string => {
  const [path = "", ...query] = target.split("?");
  const parts = path.split("/");
  parts[g(fc.integer, { min: 1, max: parts.length - 1 })] = pick(g, SEGMENTS);
  return [parts.join("/"), ...query].join("?");
};

const SPOILT: readonly ((g: Choose, request: Request) => Request)[] = [
  (g, request) => ({ ...request, body: Buffer.from(spoil(g, request.body?.toString() ?? "{}")) }),
  (g, request) => ({ ...request, body: Buffer.from(spoil(g, request.body?.toString() ?? "{}")) }),
  (g, request) => ({ ...request, body: Buffer.from(g(fc.uint8Array, { maxLength: 200 })) }),
  (g, request) => ({ ...request, target: replaceSegment(g, request.target) }),
  (g, request) => ({ ...request, target: request.target.split("?")[0] + pick(g, QUERIES) }),
  (g, request) => ({ ...request, method: pick(g, METHODS) }),
  (g, request) => ({ ...request, headers: { ...request.headers, "content-type": pick(g, TYPES) } }),
  (g, request) => ({ ...request, headers: { ...request.headers, authorization: pick(g, BEARERS) } }),
  (_g, request) => ({ ...request, headers: {} }),
  (g, { headers, ...request }) => ({
    ...request,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        name === "authorization" ? value : headerText(asText(pick(g, NASTY))).slice(0, 4000),
      ]),
    ),
  }),
  (_g, request) => ({ ...request, headers: { ...request.headers, "content-encoding": "gzip" } }),
  (_g, request) => ({ ...request, headers: { ...request.headers, expect: "100-continue" } }),
];

// Each of these compiles something or starts a process, which takes a hundred times as long as anything else.
export const COSTLY = /compile|deploy|dryrun|templates/;

const pickPlace = (g: Choose, places: Place[]): Place => {
  const place = pick(g, places);
  return COSTLY.test(place.path) && !isOneIn(g, 6) ? pickPlace(g, places) : place;
};

/** Half of the requests are whole, half are spoilt. */
export const requestFor = (g: Choose, contract: Contract, places: Place[]): Request => {
  const whole = wholeRequest(g, contract, pickPlace(g, places));
  return isOneIn(g, 2) ? whole : pick(g, SPOILT)(g, whole);
};
