// The kinds of credentials that a browser brings in a request's body: where each is sent, in which shape, and what is kept.
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { Credentials } from "../../providers/credentials.ts";
import type { Provider } from "../../providers/schema.ts";

type Mode = Provider["auth_mode"];

export type BodyKind = {
  path: string;
  mode: Mode;
  says: string;
  /** Undefined for the kind that needs nothing. */
  body?: z.ZodObject;
  /** The fields are those of the provider's entry, and no others. */
  isOpen?: true;
};

const secret = z.string().max(10_000);
const needed = secret.min(1);

/** What the fields of a kind are that says so itself: a text, or the two halves of a key. */
const Value = z.union([secret, z.strictObject({ id: needed, secret: needed })]);

/** One line for each endpoint. */
export const BODY_KINDS: readonly BodyKind[] = [
  {
    path: "/api-auth/api-key",
    mode: "API_KEY",
    says: "an API key",
    body: z.strictObject({ apiKey: needed.max(1024) }),
  },
  {
    path: "/api-auth/basic",
    mode: "BASIC",
    says: "a name and a password",
    body: z.strictObject({ username: secret.max(1024).default(""), password: secret.max(1024).default("") }),
  },
  {
    path: "/oauth2/auth",
    mode: "OAUTH2_CC",
    says: "client credentials",
    body: z.strictObject({
      client_id: secret.optional(),
      client_secret: secret.optional(),
      client_certificate: secret.optional(),
      client_private_key: secret.optional(),
    }),
  },
  {
    path: "/auth/tba",
    mode: "TBA",
    says: "a NetSuite token",
    body: z.strictObject({
      token_id: needed,
      token_secret: needed,
      oauth_client_id_override: needed.optional(),
      oauth_client_secret_override: needed.optional(),
    }),
  },
  { path: "/auth/two-step", mode: "TWO_STEP", says: "what a token is had for", body: z.looseObject({}), isOpen: true },
  { path: "/auth/jwt", mode: "JWT", says: "what tokens are signed with", body: z.looseObject({}), isOpen: true },
  {
    path: "/auth/bill",
    mode: "BILL",
    says: "a BILL login",
    body: z.strictObject({ username: needed, password: needed, organization_id: needed, dev_key: needed }),
  },
  {
    path: "/auth/aws-sigv4",
    mode: "AWS_SIGV4",
    says: "an AWS role",
    body: z.strictObject({ role_arn: needed, region: needed.optional() }),
  },
  {
    path: "/auth/signature",
    mode: "SIGNATURE",
    says: "a name and a password that sign",
    body: z.strictObject({ type: z.literal("SIGNATURE").optional(), username: needed, password: needed }),
  },
  { path: "/auth/unauthenticated", mode: "NONE", says: "nothing" },
];

const text = (value: unknown): string | undefined => {
  const parsed = Value.safeParse(value);
  if (!parsed.success) return undefined;
  return typeof parsed.data === "string" ? parsed.data : `${parsed.data.id}:${parsed.data.secret}`;
};

// What the frontend adds to the fields of a kind.
const ADDED = ["type", "assertionOption"];

const Options = z.record(z.string().max(255), secret);

/** What an assertion is made with, which is kept as it is. */
export const optionsOf = ({ mode }: BodyKind, { assertionOption }: Record<string, unknown>): object => {
  const { data } = Options.safeParse(assertionOption);
  return mode === "TWO_STEP" && data !== undefined ? { assertionOption: data } : {};
};

/** The texts of a body by name, and the names of members that the provider's entry does not know. */
export const valuesOf = (
  { isOpen }: BodyKind,
  body: Record<string, unknown>,
  fields: Provider["credentials"] = {},
): { values: Record<string, string>; unknown: string[] } => {
  const given = Object.entries(body).filter(([name]) => !ADDED.includes(name));
  const isKnown = (name: string) => !isOpen || Object.hasOwn(fields, name);
  const texts = given.map(([name, value]) => [name, text(value)] as const);
  return {
    values: Object.fromEntries(texts.filter((one): one is [string, string] => isKnown(one[0]) && one[1] !== undefined)),
    unknown: texts.filter(([name, value]) => !isKnown(name) || value === undefined).map(([name]) => name),
  };
};

const parse = (given: object): Credentials => {
  const parsed = Credentials.safeParse(given);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ code, message, path }) => ({ code, message, path: path.map(String) }));
  const [{ path, message } = { path: [], message: "" }] = errors;
  throw new AppError("invalid_body", `${path.join(".")}: ${message}`, { errors });
};

/** The credentials that are kept; a token is obtained for those that need one before they are. */
export const credentialsOf = (mode: Mode, values: Record<string, string>, options: object = {}): Credentials => {
  if (mode !== "TBA") return parse({ ...options, ...values, type: mode });
  const { oauth_client_id_override: client_id, oauth_client_secret_override: client_secret, ...token } = values;
  const override = { ...(client_id && { client_id }), ...(client_secret && { client_secret }) };
  return parse({ ...token, type: mode, ...(Object.keys(override).length > 0 && { config_override: override }) });
};
