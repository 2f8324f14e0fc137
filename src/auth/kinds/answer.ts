// What providers answer when they are asked for a token, in all the ways in which that is not what RFC 6749 says: without a
// token type, failed with status 200, the token a level deeper, as a form instead of JSON.
import type { Json } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { readPath } from "../../providers/template.ts";
import type { Answer } from "./ask.ts";
import type { Refused } from "./refusal.ts";

type Fields = Record<string, Json>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const asJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The answer's fields, or those of the first of several; empty when it has none. */
export const fieldsOf = ({ text }: Pick<Answer, "text">): Fields => {
  const parsed = asJson(text);
  const json = Array.isArray(parsed) ? parsed[0] : parsed;
  if (isObject(json)) return json;
  const isForm = json === undefined && /^[\w.-]+=[^\s<]*$/.test(text.trim());
  return isForm ? Object.fromEntries(new URLSearchParams(text.trim())) : {};
};

const firstText = (fields: Fields, names: string[]): string | undefined => {
  const found = names.map((name) => readPath(fields, name)).find((value) => typeof value === "string" && value !== "");
  return found as string | undefined;
};

const ERROR = ["error", "error.type", "error.code", "errorCode", "error_code", "code"];
const DESCRIPTION = [
  ...["error_description", "error.message", "message", "errorMessage", "detail"],
  ...["errors.0.message", "errors.0.detail", "errors.0.title"],
];

/** What the provider says about giving no token; `otherwise` is said when it says nothing. */
export const complaintIn = ({ status, text }: Answer, otherwise?: string): Refused => {
  const fields = fieldsOf({ text });
  const error = firstText(fields, ERROR);
  const description = firstText(fields, DESCRIPTION) ?? otherwise;
  return { status, ...(error && { error }), ...(description && { description }) };
};

/** The provider's refusal; undefined for an answer that may hold a token. */
export const refusedBy = (answer: Answer): Refused | undefined => {
  const { ok, error } = fieldsOf(answer);
  const isGood = answer.status >= 200 && answer.status <= 299 && ok !== false && !error;
  return isGood ? undefined : complaintIn(answer);
};

const seconds = (value: unknown): number | undefined => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : undefined;
};

// Epoch seconds reach this only in the year 5138, milliseconds did in 1973.
const FIRST_MILLISECONDS = 1e11;
const LAST_MILLISECONDS = 8.64e15;

/** A time, as ISO text, epoch seconds or milliseconds; undefined for what is none. */
export const timeOf = (value: unknown): string | undefined => {
  const number = seconds(value);
  const ms = number === undefined ? Date.parse(String(value)) : number < FIRST_MILLISECONDS ? number * 1000 : number;
  return Number.isNaN(ms) || ms > LAST_MILLISECONDS ? undefined : new Date(ms).toISOString();
};

/** The time in so many seconds (or units of `unitMs`) from `now`; undefined for what is no positive number. */
export const timeIn = (value: unknown, now: number, unitMs = 1000): string | undefined => {
  const number = seconds(value);
  return number === undefined || number * unitMs > LAST_MILLISECONDS - now
    ? undefined
    : new Date(now + number * unitMs).toISOString();
};

const expiryOf = (provider: Provider, fields: Fields, now: number): string | undefined => {
  const given = fields.expires_at ?? fields.expiresAt;
  const at = given === undefined || given === null ? undefined : timeOf(given);
  if (at !== undefined) return at;
  const unit = provider.expires_in_unit === "milliseconds" ? 1 : 1000;
  const within = timeIn(fields.expires_in ?? fields.expiresIn, now, unit);
  return within ?? timeIn(provider.token_expires_in_ms, now, 1);
};

export type Token = { access_token: string; refresh_token?: string; expires_at?: string };

const TOKEN = ["access_token", "accessToken", "token", "jwt"];
const REFRESH_TOKEN = ["refresh_token", "refreshToken"];

/** The token in these fields, or a level deeper where the entry says so or under `data`; undefined when there is none. */
export const tokenIn = (provider: Provider, fields: Fields, now: number): Token | undefined => {
  const { alternate_access_token_response_path: alternate } = provider;
  const deeper = [alternate, "data"].map((path) => path && readPath(fields, path));
  const place = [fields, ...deeper.filter(isObject)].find((one) => firstText(one, TOKEN) !== undefined);
  const access_token = place ? firstText(place, TOKEN) : deeper[0];
  if (typeof access_token !== "string" || access_token === "") return undefined;
  const beside = place ?? fields;
  const refresh_token = firstText(beside, REFRESH_TOKEN) ?? firstText(fields, REFRESH_TOKEN);
  const expires_at = expiryOf(provider, beside, now) ?? expiryOf(provider, fields, now);
  return { access_token, ...(refresh_token && { refresh_token }), ...(expires_at && { expires_at }) };
};

/** What the connection's config keeps of the answer, under the path it was found at. */
export const metadataIn = (fields: Fields, paths: string[] = []): Record<string, Json> =>
  Object.fromEntries(
    paths.map((path) => [path, readPath(fields, path) as Json | undefined]).filter(([, value]) => value !== undefined),
  );
