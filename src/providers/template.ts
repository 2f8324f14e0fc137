// Fills the `${…}` templates of catalogue entries from a connection.
//
//   ${connectionConfig.x} ${metadata.x} ${credentials.x}   a field, dots lead deeper, an exact key wins over dots
//   ${apiKey} ${accessToken} ${username} ${password}       short for the credential's own fields; ${accessToken} is its
//                                                          token, by whichever name the kind has it
//   ${base64(${username}:${password})} ${base64(apiKey:x)} base64 of the filled text; bare parts that name a field are filled too
//   ${connectionConfig.host || example.com}                the first alternative with a value; the last may be plain text
//   ${a} || ${b}                                           the same between whole texts
import type { Credentials } from "./credentials.ts";

export type TemplateContext = {
  credentials: Credentials;
  connectionConfig: Record<string, unknown>;
  metadata: Record<string, unknown>;
};

/** `missing` names the variables without a value; `text` is only of use when it is empty. */
export type Filled = { text: string; missing: string[] };

// One level of nesting is enough for base64(${a}:${b}).
const PLACEHOLDER = /\$\{((?:[^{}]|\$\{[^{}]*\})*)\}/g;
const ALTERNATIVE = /\s*\|\|\s*/;
const ROOTS = /^(connectionConfig|metadata|credentials)\./;

const SHORT_NAMES: Record<string, string[]> = {
  apiKey: ["credentials.apiKey"],
  accessToken: ["credentials.access_token", "credentials.token", "credentials.app.access_token"],
  username: ["credentials.username"],
  password: ["credentials.password"],
};

const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

/** The value at a dotted path; a key that is the whole path wins. Only own properties are seen. */
export const readPath = (value: unknown, path: string): unknown => {
  const exact = own(value, path);
  if (exact !== undefined) return exact;
  return path.includes(".") ? path.split(".").reduce(own, value) : undefined;
};

const field = (full: string, context: TemplateContext): string | undefined => {
  if (!ROOTS.test(full)) return undefined;
  const dot = full.indexOf(".");
  const value = readPath(context[full.slice(0, dot) as keyof TemplateContext], full.slice(dot + 1));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
};

const variable = (name: string, context: TemplateContext): string | undefined => {
  const names = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name]! : [name];
  return names.map((full) => field(full, context)).find((value) => value !== undefined);
};

const isVariable = (name: string): boolean => Object.hasOwn(SHORT_NAMES, name) || ROOTS.test(name);

const fillBase64 = (inner: string, context: TemplateContext): Filled => {
  const marked = inner.includes("${")
    ? inner
    : inner.replace(/[^:]+/g, (part) => (isVariable(part) ? `\${${part}}` : part));
  const { text, missing } = fillOne(marked, context);
  return { text: Buffer.from(text).toString("base64"), missing };
};

const fillPlaceholder = (expression: string, context: TemplateContext): Filled => {
  const missing: string[] = [];
  for (const part of expression.trim().split(ALTERNATIVE)) {
    const encoded = /^base64\((.*)\)$/s.exec(part);
    if (encoded) {
      const filled = fillBase64(encoded[1]!, context);
      if (filled.missing.length === 0) return filled;
      missing.push(...filled.missing);
      continue;
    }
    const value = variable(part, context);
    if (value !== undefined) return { text: value, missing: [] };
    if (!isVariable(part) && missing.length > 0) return { text: part, missing: [] };
    missing.push(part);
  }
  return { text: "", missing };
};

const fillOne = (template: string, context: TemplateContext): Filled => {
  const missing: string[] = [];
  const text = template.replace(PLACEHOLDER, (_all, expression: string) => {
    const filled = fillPlaceholder(expression, context);
    missing.push(...filled.missing);
    return filled.text;
  });
  return { text, missing };
};

/** Fill `template`; of alternatives joined by `||` outside placeholders, the first that has all its values. */
export const fillTemplate = (template: string, context: TemplateContext): Filled => {
  if (!template.includes("${")) return { text: template, missing: [] };
  // A `||` counts as outside where no placeholder is open before it.
  const outside = template.replace(PLACEHOLDER, (all) => " ".repeat(all.length));
  if (!outside.includes("||")) return fillOne(template, context);
  let start = 0;
  let first: Filled | undefined;
  for (const part of outside.split("||")) {
    const filled = fillOne(template.slice(start, start + part.length).trim(), context);
    if (filled.missing.length === 0) return filled;
    first ??= filled;
    start += part.length + 2;
  }
  return first!;
};
