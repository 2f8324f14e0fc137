// From a request to /proxy to the one that the provider gets: its method, path, query and body byte for byte, and of its
// headers those named `nango-proxy-<name>`, and those that say what the body is.
import type { Request } from "express";
import { z } from "zod";
import type { ForwardRequest } from "../../outbound/forward.ts";
import { createStreamedBody } from "../../outbound/streamed-body.ts";
import { ConnectionHeaders } from "../patterns.ts";

const MOST_RETRIES = 100;
const PREFIX = "nango-proxy-";
const MOUNT = "/proxy";

// The published client sends some headers empty: that is "not set".
const unset = (text: unknown) => (text === "" ? undefined : text);
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(unset, schema.optional());

const flag = optional(z.enum(["true", "false"]).transform((text) => text === "true")).meta({
  override: { type: "string", enum: ["true", "false", ""] },
});

const StatusList = z
  .string()
  .regex(/^ *[1-5]\d\d( *, *[1-5]\d\d)* *$/, "must be statuses such as 404,423")
  .transform((text) => text.split(",").map(Number));

/** What `/proxy` reads of its own headers; `nango-proxy-…` are read beside them. */
export const ProxyHeaders = ConnectionHeaders.extend({
  retries: optional(z.coerce.number().int().min(0).max(MOST_RETRIES)).meta({
    override: { type: "string" },
    description: "How many more attempts after a first one that failed.",
  }),
  "retry-on": optional(StatusList).meta({
    override: { type: "string" },
    description: "Statuses, separated by commas, that another attempt follows beside the usual ones.",
  }),
  "base-url-override": optional(
    z
      .string()
      .max(2_000)
      .regex(/^(https?:\/\/|\$\{)/i, "must be an http or https URL"),
  ).meta({ override: { type: "string" }, description: "Instead of the provider's base URL." }),
  decompress: flag.meta({ description: "Unpack the answer. Otherwise it comes as the caller's Accept-Encoding asks." }),
  "forward-headers-on-redirect": flag.meta({
    description: "Whether headers, credentials among them, go along when the provider redirects to another host.",
  }),
});

export type ProxyHeaders = z.output<typeof ProxyHeaders>;

const prefixed = (req: Request): Record<string, string> => {
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    const rest = name.slice(PREFIX.length);
    if (rest !== "" && name.startsWith(PREFIX) && value !== undefined) named[rest] = String(value);
  }
  return named;
};

const hasBody = ({ headers }: Request): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Node gives the parsed framing: a length is there only where the body is not in chunks. */
const bodyOf = (req: Request): Pick<ForwardRequest, "body" | "bodyHeaders"> => {
  const { "content-type": type, "content-encoding": encoding, "content-length": length } = req.headers;
  // A form names its boundary in its own type; any other type may be named anew.
  const isForm = type?.startsWith("multipart/") ?? false;
  const named = req.headers[`${PREFIX}content-type`];
  const bodyHeaders = {
    ...(type !== undefined && (isForm || named === undefined) && { "content-type": type }),
    ...(encoding !== undefined && { "content-encoding": encoding }),
  };
  if (!hasBody(req)) return { body: null, bodyHeaders };
  const bytes = length === undefined ? undefined : Number(length);
  return {
    body: createStreamedBody(req, bytes),
    bodyHeaders: { ...bodyHeaders, ...(length !== undefined && { "content-length": length }) },
  };
};

// Without Decompress the answer passes as it is, so the provider is asked for what our caller can unpack.
const acceptEncoding = (req: Request, isUnpacked: boolean): string =>
  isUnpacked ? "gzip, br, deflate" : (req.get("accept-encoding") ?? "identity");

/** The target as it stands in the request line, without scheme and host, which clients of proxies send there. */
const rawTarget = ({ originalUrl }: Request): { path: string; query: string } => {
  const target = originalUrl.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").slice(MOUNT.length);
  const at = target.indexOf("?");
  const [path, query] = at === -1 ? [target, ""] : [target.slice(0, at), target.slice(at)];
  return { path: path.replace(/^\//, ""), query };
};

/** The request to forward. Reads nothing of the body yet. */
export const forwardRequestOf = (req: Request, headers: ProxyHeaders): ForwardRequest => ({
  method: req.method,
  ...rawTarget(req),
  headers: { "accept-encoding": acceptEncoding(req, headers.decompress === true), ...prefixed(req) },
  ...bodyOf(req),
  retries: headers.retries,
  retryOn: headers["retry-on"],
  baseUrlOverride: headers["base-url-override"],
  decompress: headers.decompress,
  forwardHeadersOnRedirect: headers["forward-headers-on-redirect"],
});
