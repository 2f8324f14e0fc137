// Fills the `${…}` templates of catalogue entries from a connection.
//
//   ${connectionConfig.x} ${metadata.x} ${credentials.x}   a field, dots lead deeper, an exact key wins over dots
//   ${integrationConfig.x}                                 what was set up with the integration
//   ${apiKey} ${accessToken} ${username} ${password}       short for the credential's own fields; ${accessToken} is its
//                                                          token, by whichever name the kind has it
//   ${clientId} ${clientSecret}                            the integration's client, where it is known
//   ${x}                                                   a field of the connection's config
//   ${now} ${now:YYYY-MM-DD} ${now+7:days:X} ${random}     a time in UTC; a new UUID
//   ${step1.x} ${token} ${refresh_token} …                 what whoever fills it passes as `values`
//   ${base64(${username}:${password})} ${base64(apiKey:x)} a function of the filled text; in base64 bare parts that name a
//                                                          field are filled too; the others: template-functions.ts
//   ${connectionConfig.host || example.com}                the first alternative with a value; the last may be plain text
//   ${a} || ${b}                                           the same between whole texts
import { randomUUID } from "node:crypto";
import type { Client, Credentials } from "./credentials.ts";
import { FUNCTIONS, fillTime, isTime } from "./template-functions.ts";
import { type Alternative, type Placeholder, readTemplate, splitOutside } from "./template-syntax.ts";

export type TemplateContext = {
  credentials: Credentials;
  connectionConfig: Record<string, unknown>;
  metadata: Record<string, unknown>;
  integrationConfig?: Record<string, unknown> | undefined;
  client?: Client | undefined;
  /** More names, for this filling only: `step1`, `token`, `refresh_token`, `assertionOption`, `random`, … */
  values?: Record<string, unknown> | undefined;
  /** Epoch milliseconds; the present unless given. */
  now?: number | undefined;
};

/** `missing` names the variables without a value; `text` is only of use when it is empty. */
export type Filled = { text: string; missing: string[] };

const ROOTS = /^(connectionConfig|metadata|credentials|integrationConfig)\./;

const SHORT_NAMES: Record<string, string[]> = {
  apiKey: ["credentials.apiKey"],
  accessToken: ["credentials.access_token", "credentials.token", "credentials.app.access_token"],
  username: ["credentials.username"],
  password: ["credentials.password"],
  clientId: ["client.client_id"],
  clientSecret: ["client.client_secret"],
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

const asText = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;

// Keys that are given as "id:secret", such as Ghost's, have these as their parts.
const partOfPair = (root: unknown, path: string): string | undefined => {
  const [, parent, part] = /^(.+)\.(id|secret)$/.exec(path) ?? [];
  const pair = parent === undefined ? undefined : readPath(root, parent);
  if (typeof pair !== "string" || !pair.includes(":")) return undefined;
  const colon = pair.indexOf(":");
  return part === "id" ? pair.slice(0, colon) : pair.slice(colon + 1);
};

const field = (full: string, context: TemplateContext): string | undefined => {
  const dot = full.indexOf(".");
  const root = context[full.slice(0, dot) as keyof TemplateContext];
  const path = full.slice(dot + 1);
  return asText(readPath(root, path)) ?? (full.startsWith("credentials.") ? partOfPair(root, path) : undefined);
};

const variable = (name: string, context: TemplateContext): string | undefined => {
  const passed = asText(readPath(context.values, name));
  if (passed !== undefined) return passed;
  if (Object.hasOwn(SHORT_NAMES, name))
    return SHORT_NAMES[name]!.map((full) => field(full, context)).find((value) => value !== undefined);
  if (ROOTS.test(name)) return field(name, context);
  if (name === "random") return randomUUID();
  return fillTime(name, context.now ?? Date.now()) ?? asText(readPath(context.connectionConfig, name));
};

/** True for a name that a connection, its integration or the clock may have a value for. */
export const isVariable = (name: string): boolean =>
  Object.hasOwn(SHORT_NAMES, name) || ROOTS.test(name) || name === "random" || isTime(name);

// base64(apiKey:x) means base64(${apiKey}:x).
const marked = (argument: string): string =>
  argument.includes("${") ? argument : argument.replace(/[^:]+/g, (part) => (isVariable(part) ? `\${${part}}` : part));

const fillCall = ({ call, argument }: { call: string; argument: string }, context: TemplateContext): Filled => {
  const known = Object.hasOwn(FUNCTIONS, call) ? FUNCTIONS[call] : undefined;
  if (known === undefined) return { text: "", missing: [`${call}()`] };
  const texts = known.takes === 1 ? [marked(argument)] : splitOutside(argument, ",").map((text) => text.trim());
  const filled = texts.map((text) => fillOne(text, context));
  const missing = filled.flatMap((one) => one.missing);
  const text = missing.length === 0 ? known.fill(...filled.map((one) => one.text)) : "";
  return text === undefined ? { text: "", missing: [`${call}()`] } : { text, missing };
};

const fillAlternative = (one: Alternative, context: TemplateContext): Filled => {
  if ("call" in one) return fillCall(one, context);
  const value = variable(one.name, context);
  return value === undefined ? { text: "", missing: [one.name] } : { text: value, missing: [] };
};

const fillPlaceholder = ({ alternatives }: Placeholder, context: TemplateContext): Filled => {
  const missing: string[] = [];
  for (const one of alternatives) {
    const filled = fillAlternative(one, context);
    if (filled.missing.length === 0) return filled;
    if ("name" in one && !isVariable(one.name) && missing.length > 0) return { text: one.name, missing: [] };
    missing.push(...filled.missing);
  }
  return { text: "", missing };
};

const fillOne = (template: string, context: TemplateContext): Filled => {
  const filled = readTemplate(template).map((part) =>
    typeof part === "string" ? { text: part, missing: [] } : fillPlaceholder(part, context),
  );
  return { text: filled.map(({ text }) => text).join(""), missing: filled.flatMap(({ missing }) => missing) };
};

/** Fill `template`; of alternatives joined by `||` outside placeholders, the first that has all its values. */
export const fillTemplate = (template: string, context: TemplateContext): Filled => {
  if (!template.includes("${")) return { text: template, missing: [] };
  const wholes = splitOutside(template, "||");
  if (wholes.length === 1) return fillOne(template, context);
  const filled = wholes.map((whole) => fillOne(whole.trim(), context));
  return filled.find(({ missing }) => missing.length === 0) ?? filled[0]!;
};
