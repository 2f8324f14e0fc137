// From the provider's answer to ours: its status, its body as it comes, and its headers but for three kinds. Those about one
// connection between two hosts end there. Those a browser applies to a whole origin would speak for ours: cookies, CORS and
// transport policies, alternative hosts. And where this server has said something itself, its word stands: clients pace
// themselves by our X-RateLimit headers, and with a limit set on the key the provider's of that name are left out.
import { pipeline } from "node:stream/promises";
import type { Response } from "express";
import type { ForwardAnswer } from "../../outbound/forward.ts";

// Sends the headers, as bytes. `flushHeaders` would write them in UTF-8, other than Node does before a body.
const NOTHING = Buffer.alloc(0);

const OF_THE_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const OF_THE_ORIGIN = new Set([
  "alt-svc",
  "clear-site-data",
  "nel",
  "public-key-pins",
  "report-to",
  "reporting-endpoints",
  "set-cookie",
  "set-cookie2",
  "service-worker-allowed",
  "strict-transport-security",
]);

const isOfTheOrigin = (name: string): boolean => OF_THE_ORIGIN.has(name) || name.startsWith("access-control-");

// Some servers write file names in UTF-8 where HTTP has bytes; as bytes they go on.
const asBytes = (value: string): string =>
  /[^\0-\xff]/.test(value) ? Buffer.from(value, "utf8").toString("latin1") : value;

const passOn = (res: Response, headers: Record<string, string>): void => {
  const named = new Set(headers.connection?.toLowerCase().split(/\s*,\s*/));
  for (const [name, value] of Object.entries(headers)) {
    if (OF_THE_HOP.has(name) || named.has(name) || isOfTheOrigin(name) || res.hasHeader(name)) continue;
    res.setHeader(name, asBytes(value));
  }
};

/** Send it. Rejects when either end breaks off; the caller of a broken answer sees it broken as well, never ended. */
export const sendAnswer = async (res: Response, { status, headers, body }: ForwardAnswer): Promise<void> => {
  res.status(status);
  passOn(res, headers);
  if (headers["content-length"] === undefined) res.write(NOTHING); // a stream may be long in coming
  await pipeline(body, res);
};
