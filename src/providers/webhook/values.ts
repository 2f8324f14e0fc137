// Values out of a webhook: from its parsed body, its headers or its query, as a rule names them.
import { createHash } from "node:crypto";
import type { Condition } from "./rule.ts";
import type { Place, Source } from "./source.ts";

/** What values are taken from: the whole body as parsed, the part in question, headers and query. */
export type Material = {
  body: unknown;
  part: unknown;
  headers: Record<string, string>;
  query: Record<string, string>;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** All values at a path. */
export const valuesAt = (from: unknown, path: string[]): unknown[] => {
  let found: unknown[] = [from];
  for (const name of path) {
    found = found.flatMap((value) => {
      if (!isObject(value)) return [];
      if (name === "*") return Array.isArray(value) ? value : Object.values(value);
      return Object.hasOwn(value, name) ? [value[name]] : [];
    });
  }
  return found;
};

const asText = (value: unknown): string[] => {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "number" || typeof value === "boolean" ? [String(value)] : [];
};

const unescapeUri = (text: string): string[] => {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
};

const decoded = (text: string, { decode }: Source): string[] => {
  if (decode === "uri") return unescapeUri(text);
  return decode === "base64" ? [Buffer.from(text, "base64").toString("utf8")] : [text];
};

const picked = (text: string, { pick }: Source): string[] => {
  if (pick === undefined) return [text];
  const found = pick.exec(text)?.[1];
  return found === undefined || found === "" ? [] : [found];
};

const textsAt = (place: Place, { body, part, headers, query }: Material): string[] => {
  if (place.path) return valuesAt(part, place.path).flatMap(asText);
  if (place.body) return valuesAt(body, place.body).flatMap(asText);
  if (place.header !== undefined) return asText(headers[place.header]);
  if (place.query !== undefined) return asText(query[place.query]);
  return asText(place.constant);
};

const rawTexts = (source: Source, material: Material): string[] => {
  if (source.join === undefined) return textsAt(source, material);
  const pieces = source.join.map((place) => textsAt(place, material)[0]);
  return pieces.every((piece) => piece !== undefined) ? [pieces.join(source.with)] : [];
};

/** All texts that a source names; numbers and booleans count as texts, nothing else does. */
export const textsOf = (source: Source, material: Material): string[] =>
  rawTexts(source, material)
    .flatMap((text) => decoded(text, source))
    .flatMap((text) => picked(text, source))
    .map((text) => (source.hash ? createHash(source.hash).update(text).digest("hex") : text));

/** The first text that there is. */
export const firstText = (sources: Source[], material: Material): string | undefined => {
  for (const source of sources) {
    const [text] = textsOf(source, material);
    if (text !== undefined) return text;
  }
  return undefined;
};

export const isMet = ({ value, is, missing }: Condition, material: Material): boolean => {
  const texts = textsOf(value, material);
  if (missing) return texts.length === 0;
  return is === undefined ? texts.length > 0 : texts.includes(is);
};
