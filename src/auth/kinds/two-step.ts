// TWO_STEP: a token for whatever fields the entry asks for, by the requests that the entry describes, one after the other.
import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { AppError, hasCode, type Json } from "../../errors.ts";
import type { Credentials } from "../../providers/credentials.ts";
import type { Provider } from "../../providers/schema.ts";
import { readPath } from "../../providers/template.ts";
import type { Obtain, ObtainContext } from "../obtain.ts";
import { complaintIn, metadataIn, refusedBy, timeIn, timeOf } from "./answer.ts";
import { type Answer, ask } from "./ask.ts";
import { fillFields, fillHeaders, fillUrl, templateContext } from "./fill.ts";
import { signJwt } from "./jwt.ts";
import { refusal } from "./refusal.ts";
import { readXml } from "./xml.ts";

type TwoStep = Extract<Credentials, { type: "TWO_STEP" }>;
type Values = Record<string, unknown>;
type Step = NonNullable<Provider["additional_steps"]>[number];
/** One request's answer; `body` is a text when it is neither JSON nor XML. */
type Answered = { answer: Answer; body: unknown };

const USUAL_ASSERTION_MS = 5 * 60_000;
const BEFORE_JWT_ENDS_MS = 15 * 60_000;

const bodyOf = ({ text }: Answer): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return (text.trimStart().startsWith("<") && readXml(text)) || text.trim();
  }
};

const fieldsOf = (body: unknown): Record<string, Json> =>
  typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Record<string, Json>) : {};

// What is not said is JSON, but for those that have to say that it is a form.
const formatOf = ({ body_format, token_headers = {} }: Step): string => {
  if (body_format !== undefined) return body_format;
  const type = Object.entries(token_headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return type.includes("x-www-form-urlencoded") ? "form" : "json";
};

const runStep = async (context: ObtainContext, step: Step, values: Values): Promise<Answered> => {
  const filling = templateContext(context, { random: randomUUID(), ...values });
  if (step.token_url === undefined)
    throw new AppError("invalid_credentials", `The entry of ${context.provider.display_name} names no token endpoint.`);
  const answer = await ask(context, {
    url: fillUrl(step.token_url, filling),
    ...(step.token_request_method && { method: step.token_request_method }),
    headers: fillHeaders(step.token_headers, filling),
    params: fillFields(step.token_params ?? {}, filling),
    format: formatOf(step),
  });
  const body = bodyOf(answer);
  const refused = refusedBy(typeof body === "object" ? { ...answer, text: JSON.stringify(body) } : answer);
  if (refused !== undefined) throw refusal(context, refused);
  return { answer, body };
};

/** What is signed for the first request: `token` of the entry, or `assertion`. */
const signedFor = async (context: ObtainContext): Promise<Values> => {
  const { token, assertion, display_name } = context.provider;
  const { assertionOption = {}, assertion: given } = context.credentials as Values;
  const values: Values = { assertionOption };
  if (token?.signing_key !== undefined) {
    const { signing_key: key, header, payload, expires_in_ms: lifeMs = USUAL_ASSERTION_MS } = token;
    values.token = await signJwt(context, { key, header, payload, lifeMs });
  }
  if (assertion === undefined || given !== undefined) return values;
  if (assertion.type !== "jwt")
    throw new AppError("invalid_credentials", `${display_name} wants a SAML assertion: bring one as \`assertion\`.`);
  const { key, header, payload, lifetimeInSeconds: life } = assertion;
  const lifeMs = life === undefined ? USUAL_ASSERTION_MS : life * 1000;
  return { ...values, "credentials.assertion": await signJwt(context, { key, header, payload, lifeMs }, values) };
};

const logIn = async (context: ObtainContext): Promise<Answered[]> => {
  const { token_url, token_params, token_headers, token_request_method, body_format } = context.provider;
  const url = typeof token_url === "string" ? token_url : token_url?.TWO_STEP;
  const first = {
    ...{ token_url: url, token_params, token_headers, token_request_method, body_format },
  } as Step;
  const values = await signedFor(context);
  const done: Answered[] = [];
  for (const step of [first, ...(context.provider.additional_steps ?? [])]) {
    const answered = await runStep(context, step, values);
    done.push(answered);
    values[`step${done.length}`] = answered.body;
  }
  return done;
};

const canRefresh = ({ refresh_url, refresh_token_params, refresh_token_headers }: Provider): boolean =>
  (refresh_url ?? refresh_token_params ?? refresh_token_headers) !== undefined;

/** With the refresh token where there is one and the entry says how; from the beginning when that is refused. */
const askAgain = async (context: ObtainContext): Promise<Answered[]> => {
  const { provider } = context;
  const { refresh_token } = context.credentials as TwoStep;
  if (refresh_token === undefined || !canRefresh(provider)) return await logIn(context);
  const { token_url, token_headers, refresh_token_headers, refresh_token_params } = provider;
  const step = {
    token_url: provider.refresh_url ?? (typeof token_url === "string" ? token_url : undefined),
    token_params: refresh_token_params,
    token_headers: refresh_token_headers ?? token_headers,
    body_format: provider.body_format,
  } as Step;
  try {
    return [await runStep(context, step, { refresh_token })];
  } catch (error) {
    if (!hasCode(error, "refresh_token_external_error") || fieldsOf(error.payload).status === null) throw error;
    return await logIn(context);
  }
};

const textAt = (body: unknown, path: string): string | undefined => {
  const value = path === "" ? body : readPath(body, path);
  return (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : undefined;
};

const jwtEnd = (token: string): string | undefined => {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : timeOf(exp * 1000 - BEFORE_JWT_ENDS_MS);
  } catch {
    return undefined;
  }
};

// As Tableau says how long: hours:minutes:seconds.
const SPAN = /^(\d+):(\d\d):(\d\d)$/;

const saidEnd = ({ token_response }: Provider, body: unknown, now: number): string | undefined => {
  const { token_expiration: path, token_expiration_strategy: strategy } = token_response ?? {};
  const value = path === undefined ? undefined : readPath(body, path);
  if (value === undefined || value === null) return undefined;
  const span = SPAN.exec(String(value))?.slice(1).map(Number);
  if (span !== undefined) return timeIn(span[0]! * 3600 + span[1]! * 60 + span[2]!, now);
  return strategy === "expireIn" ? timeIn(value, now) : timeOf(value);
};

/** When the token ends: as the answer says, as the entry says, as the token says; undefined when nobody does. */
const endOf = (provider: Provider, body: unknown, token: string, now: number): string | undefined => {
  const said = saidEnd(provider, body, now);
  if (said !== undefined) return said;
  const { token_expires_in_ms: life } = provider;
  return life === undefined ? jwtEnd(token) : timeIn(life, now, 1);
};

/** The cookies that a session consists of, as `${credentials._cookies}`. */
const cookiesIn = ({ token_response_headers = [] }: Provider, { headers }: Answer): string | undefined => {
  if (!token_response_headers.some((name) => name.toLowerCase() === "set-cookie")) return undefined;
  const set = headers.get("set-cookie")?.split(/,(?=\s*[^;,=\s]+=)/) ?? [];
  return set.map((cookie) => cookie.split(";")[0]!.trim()).join("; ") || undefined;
};

export const obtainInSteps: Obtain = async (context) => {
  const { provider, now } = context;
  const { expires_at: _old, ...kept } = context.credentials as TwoStep;
  const done = await askAgain(context);
  const { answer, body } = done.at(-1)!;
  const { token: path = "access_token", refresh_token: refreshPath } = provider.token_response ?? {};
  const token = textAt(body, path);
  if (token === undefined) throw refusal(context, complaintIn(answer, "its answer has no token"));
  const refresh_token = refreshPath === undefined ? undefined : textAt(body, refreshPath);
  const expires_at = endOf(provider, body, token, now());
  const cookies = cookiesIn(provider, answer);
  const metadata = done.map((one) => metadataIn(fieldsOf(one.body), provider.token_response_metadata));
  return {
    credentials: {
      ...kept,
      token,
      ...(refresh_token && { refresh_token }),
      ...(expires_at && { expires_at }),
      ...(cookies && { _cookies: cookies }),
      raw: typeof body === "object" ? fieldsOf(body) : { token },
    },
    connectionConfig: Object.assign({}, ...metadata),
  };
};
