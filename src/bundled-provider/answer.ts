// What a handler answers with, and how the parts of a request are read.
import type { IncomingMessage } from "node:http";
import { AppError, type Json } from "../errors.ts";
import type { Fields, Kind } from "./kinds.ts";

/** An answer before it is sent; `text` in place of a body is no JSON. `page` marks a page of rows, for the statistics and for edits between pages. */
export type Answer = {
  status: number;
  text?: string;
  body?: Json | AsyncIterable<string>;
  headers?: Record<string, string>;
  page?: { kind: Kind; rows: number };
};

/** A request that was read wholly. `base` is how the client reached us, for links in answers. */
export type ApiRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
  base: string;
};

export const failure = (status: number, error: string, message: string): Answer => ({
  status,
  body: { error, message },
});

const MAX_BODY_BYTES = 1_000_000;

/** The whole body as text. Throws request_too_large above 1 MB, when all was read: a client gets to see the answer. */
export const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new AppError("request_too_large");
  return Buffer.concat(chunks).toString("utf8");
};

/** The body as a JSON object; an empty body is `{}`. Throws invalid_body. */
export const jsonObject = (text: string): Fields => {
  if (text.trim() === "") return {};
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new AppError("invalid_body", "The body is not JSON.", { cause });
  }
  throw new AppError("invalid_body", "The body must be a JSON object.");
};

/** A whole number from the query. Throws invalid_query_params when it is outside the range: nothing is clamped, so that
 * a client which counts on its own page size never skips rows. */
export const wholeNumber = (
  query: URLSearchParams,
  name: string,
  range: { from: number; to: number; default: number },
): number => {
  const text = query.get(name);
  if (text === null) return range.default;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= range.from && value <= range.to) return value;
  throw new AppError("invalid_query_params", `${name} must be a whole number from ${range.from} to ${range.to}.`);
};

/** An ISO time from the query in milliseconds, finer parts cut off; undefined when absent. Throws invalid_query_params. */
export const instant = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name);
  if (text === null) return undefined;
  const at = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at)) return at;
  throw new AppError("invalid_query_params", `${name} must be an ISO 8601 time; encode "+" as %2B.`);
};
