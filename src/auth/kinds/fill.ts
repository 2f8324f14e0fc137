// The parts of an entry that say how a token is asked for, filled from what is known of the connection.
import { AppError } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import { fillTemplate, type TemplateContext } from "../../providers/template.ts";
import { checkAddress } from "../flow/address.ts";
import type { ObtainContext } from "../obtain.ts";

type Known = Pick<ObtainContext, "client" | "connectionConfig" | "now"> &
  Partial<Pick<ObtainContext, "credentials" | "metadata" | "integrationConfig">>;

/** Credentials may lack what was set up with the integration for all its connections. `values`: more names for templates. */
export const templateContext = (context: Known, values: Record<string, unknown> = {}): TemplateContext => {
  const { credentials = { type: "NONE" }, integrationConfig = {}, client, connectionConfig, metadata = {} } = context;
  const { client_id, client_secret } = client;
  const hasClient = typeof client_id === "string" && typeof client_secret === "string";
  return {
    credentials: { ...integrationConfig, ...credentials } as Credentials,
    connectionConfig,
    metadata,
    integrationConfig,
    ...(hasClient && { client: { client_id, client_secret } }),
    values,
    now: context.now(),
  };
};

/** Every text in it filled; one that lacks a value is left out, and so is a list that has nothing else. */
const fillDeep = (value: unknown, context: TemplateContext): unknown => {
  if (typeof value === "string") {
    const { text, missing } = fillTemplate(value, context);
    return missing.length > 0 ? undefined : text;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const kept = value.map((one) => fillDeep(one, context)).filter((one) => one !== undefined);
    return kept.length === 0 && value.length > 0 ? undefined : kept;
  }
  return fillFields(value as Record<string, unknown>, context);
};

export const fillFields = (fields: Record<string, unknown>, context: TemplateContext): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields)
      .map(([name, value]) => [name, fillDeep(value, context)])
      .filter(([, value]) => value !== undefined),
  );

const HEADER = /^[\t\x20-\x7e\x80-\xff]*$/;

// What refuses it later shows it, and it may be a secret with a line break in it.
const headerText = (name: string, value: unknown): string => {
  const text = String(value).trim();
  if (HEADER.test(text)) return text;
  throw new AppError("invalid_credentials", `What the header ${name} is made of has a character that no header has.`);
};

/** Headers, their names in lower case. */
export const fillHeaders = (headers: Record<string, string> = {}, context: TemplateContext): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fillFields(headers, context)).map(([name, value]) => [name.toLowerCase(), headerText(name, value)]),
  );

/** A text that has to be whole; `what` it is for is said when it is not. */
export const fillWhole = (template: string, context: TemplateContext, what: string): string => {
  const { text, missing } = fillTemplate(template, context);
  if (missing.length === 0) return text;
  throw new AppError("invalid_credentials", `The connection has no ${missing.join(", ")}, which ${what} needs.`);
};

const encodedTexts = (value: unknown): unknown => {
  if (typeof value === "string") return encodeURIComponent(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, encodedTexts(inner)]));
};

// An import may have brought what no browser is let in with: the client's secret goes there too.
const checkPlace = (place: string, { connectionConfig }: TemplateContext): void => {
  try {
    checkAddress(place, connectionConfig, { isOpen: true });
  } catch (cause) {
    throw new AppError("invalid_credentials", (cause as Error).message, { cause });
  }
};

/** An address; credentials in its query are encoded. Throws `invalid_credentials` when the config leads it astray. */
export const fillUrl = (template: string, context: TemplateContext): string => {
  const what = "the address where its token is had";
  const [place = "", query] = template.split(/\?(.*)/s);
  checkPlace(place, context);
  const filled = fillWhole(place, context, what);
  if (query === undefined) return filled;
  const inQuery = { ...context, credentials: encodedTexts(context.credentials) as Credentials };
  return `${filled}?${fillWhole(query, inQuery, what)}`;
};
