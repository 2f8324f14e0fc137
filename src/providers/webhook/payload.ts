// What a webhook says, read from its bytes; what of it a function gets, and what of it is forwarded to one connection.
import { parse } from "node:querystring";
import type { Part } from "./types.ts";
import { valuesAt } from "./values.ts";

/** A webhook whose body was read. */
export type Content = { headers: Record<string, string>; body: unknown };

/** What `readBody` gives for a body that says it is JSON and is not. */
export const MALFORMED = Symbol("malformed");

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return MALFORMED;
  }
};

const readForm = (text: string): unknown => {
  const fields = { ...parse(text) };
  if (typeof fields.payload !== "string") return fields;
  const payload = parseJson(fields.payload);
  return payload === MALFORMED ? fields : payload;
};

/**
 * The body as a value: JSON where it is (`MALFORMED` when it says so and is not), a form as an object (or what stands as JSON
 * in its field `payload`), else text. Some providers send JSON under another content type, so what looks like it is tried.
 */
export const readBody = ({ headers, body }: { headers: Record<string, string>; body: Buffer }): unknown => {
  if (body.length === 0) return {};
  const text = body.toString("utf8");
  const type = (headers["content-type"] ?? "").toLowerCase();
  if (/[/+]json\b/.test(type)) return parseJson(text);
  if (type.startsWith("application/x-www-form-urlencoded")) return readForm(text);
  if (!/^\s*[[{]/.test(text)) return text;
  const value = parseJson(text);
  return value === MALFORMED ? text : value;
};

/** What onWebhook gets. */
export const partPayload = ({ headers, body }: Content, { from, at }: Part): unknown =>
  from === "headers" ? headers : valuesAt(body, at.map(String))[0];

const withArrayAt = (value: unknown, path: (string | number)[], keep: Set<number>): unknown => {
  const [name, ...rest] = path;
  if (name === undefined) return Array.isArray(value) ? value.filter((_, at) => keep.has(at)) : value;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const place = copy as Record<string, unknown>;
  place[name] = withArrayAt(place[name], rest, keep);
  return copy;
};

/** What is forwarded to a connection that `mine` (numbers of parts) are about: all, or the same with its own items only. */
export const forwardPayload = ({ headers, body }: Content, parts: Part[], mine: number[]): unknown => {
  const own = mine.flatMap((number) => parts[number] ?? []);
  if (own[0]?.from === "headers") return headers;
  if (own.length === parts.length || own[0] === undefined) return body;
  return withArrayAt(body, own[0].at.slice(0, -1), new Set(own.map(({ at }) => Number(at.at(-1)))));
};
