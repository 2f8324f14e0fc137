// XML that providers speak in place of JSON, as plain objects. What is read is strict and has no document type, so nothing in
// it is expanded or fetched; at most 1 MB and 64 levels.
import sax from "sax";
import type { Json } from "../../errors.ts";

type Fields = { [name: string]: Json };
type Open = { name: string; fields: Fields; text: string };

const MAX_LENGTH = 1024 * 1024;
const MAX_DEPTH = 64;

const put = (fields: Fields, name: string, value: Json): void => {
  const before = Object.hasOwn(fields, name) ? fields[name]! : undefined;
  const next = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  Object.defineProperty(fields, name, { value: next, enumerable: true, configurable: true, writable: true });
};

/**
 * Elements by their names without prefixes: a text, an object for one with elements, an array for those that come twice.
 * Attributes are left out. Null for what is no XML.
 */
export const readXml = (text: string): Fields | null => {
  if (text.length > MAX_LENGTH) return null;
  const root: Open = { name: "", fields: {}, text: "" };
  const open: Open[] = [root];
  let isWrong = false;
  const reader = sax.parser(true, { xmlns: false });
  const fail = () => {
    isWrong = true;
  };
  reader.onerror = fail;
  reader.ondoctype = fail;
  reader.ontext = (part) => {
    open.at(-1)!.text += part;
  };
  reader.oncdata = reader.ontext;
  reader.onopentag = ({ name }) => {
    if (open.length > MAX_DEPTH) fail();
    open.push({ name: name.replace(/^.*:/, ""), fields: {}, text: "" });
  };
  reader.onclosetag = () => {
    const { name, fields, text: inner } = open.pop()!;
    put(open.at(-1)!.fields, name, Object.keys(fields).length > 0 ? fields : inner.trim());
  };
  try {
    reader.write(text).close();
  } catch {
    return null;
  }
  return isWrong || Object.keys(root.fields).length === 0 ? null : root.fields;
};

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);

const element = (name: string, value: unknown): string => {
  if (Array.isArray(value)) return value.map((one) => element(name, one)).join("");
  if (typeof value !== "object" || value === null) return `<${name}>${escaped(String(value ?? ""))}</${name}>`;
  const inner = Object.entries(value);
  const attributes = inner
    .filter(([key]) => key.startsWith("$"))
    .map(([key, text]) => ` ${key.slice(1)}="${escaped(String(text))}"`);
  const elements = inner.filter(([key]) => !key.startsWith("$")).map(([key, one]) => element(key, one));
  return `<${name}${attributes.join("")}>${elements.join("")}</${name}>`;
};

/** A document of these elements; names that begin with `$` are attributes of the element they stand in. */
export const writeXml = (fields: Record<string, unknown>): string =>
  `<?xml version="1.0" encoding="UTF-8"?>${Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join("")}`;
