// The one error for a provider that gave no token. What it says is the provider's own words, without anything secret in them.
import { AppError, type Json } from "../../errors.ts";
import type { ObtainContext } from "../obtain.ts";

// These say that the same request will never succeed: RFC 6749, section 5.2, and the names that others have for it.
const FINAL = new Set([
  "invalid_grant",
  "invalid_client",
  "unauthorized_client",
  "bad_refresh_token",
  "invalid_refresh_token",
  "token_revoked",
]);

// Fields of credentials that everybody may read, and what the provider answered, of which only the tokens are secret.
const OPEN = new Set(["type", "expires_at", "client_id", "app_id", "installation_id", "scopes", "app_link", "region"]);
const LONGEST = 300;
const HIDDEN = "***";
// A shorter text occurs by chance in another word.
const MIN_LENGTH_WITHIN = 5;

type Secrets = Pick<ObtainContext, "client"> & Partial<Pick<ObtainContext, "credentials" | "integrationConfig">>;

const textsIn = (value: unknown): string[] => {
  if (typeof value === "string") return value === "" ? [] : [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (OPEN.has(name) ? [] : textsIn(inner)));
};

const SECRET_NAME = /token|secret|jwt|key|password/i;

// Of what is mostly no secret: the texts under names that sound like one, but for words such as "bearer".
const namedSecretsIn = (value: unknown): string[] => {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (typeof inner !== "string") return namedSecretsIn(inner);
    return SECRET_NAME.test(name) && inner.length > 8 ? [inner] : [];
  });
};

const secretsOf = ({ client, credentials, integrationConfig }: Secrets, more: string[]): string[] => {
  const { raw, ...fields } = (credentials ?? {}) as { raw?: unknown };
  const plain = [...textsIn(client), ...textsIn(fields), ...namedSecretsIn([raw, integrationConfig]), ...more];
  const all = plain.flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]);
  return [...new Set(all)].sort((one, other) => other.length - one.length);
};

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `text` with `***` for everything in it that is a secret of this context, or one of `more`. */
const withoutSecrets = (text: string, context: Secrets, more: string[] = []): string =>
  secretsOf(context, more).reduce(
    (left, secret) =>
      secret.length < MIN_LENGTH_WITHIN
        ? left.replace(new RegExp(`(?<!\\w)${escaped(secret)}(?!\\w)`, "g"), HIDDEN)
        : left.replaceAll(secret, HIDDEN),
    text,
  );

/** `error` is the provider's code for it, or ours for a network failure; `status` is null when nothing was answered. */
export type Refused = { status: number | null; error?: string; description?: string; cause?: unknown };

/** What is thrown when a provider gave no token. `more` are secrets of this one request. */
export const refusal = (
  context: Secrets & Pick<ObtainContext, "provider">,
  { status, error, description, cause }: Refused,
  more: string[] = [],
): AppError => {
  const clean = (text: string) => withoutSecrets(text, context, more).slice(0, LONGEST);
  const says = [error, description && `(${description})`].filter(Boolean).map((text) => clean(text!));
  const outcome = status === null ? "could not be asked for a token" : `gave no token, status ${status}`;
  const message = `${context.provider.display_name} ${outcome}${says.length > 0 ? `: ${says.join(" ")}` : "."}`;
  const payload: Json = {
    isFinal: error !== undefined && FINAL.has(error),
    status,
    error: error === undefined ? null : clean(error),
  };
  return new AppError("refresh_token_external_error", message, { payload, ...(cause !== undefined && { cause }) });
};
