// One request for a token, in whatever form a provider wants it, and what it answered.
import type { ClientCertificate } from "../../outbound/certificates.ts";
import { UpstreamError } from "../../outbound/types.ts";
import type { ObtainContext } from "../obtain.ts";
import { refusal } from "./refusal.ts";
import { writeXml } from "./xml.ts";

export type Asked = {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  params: Record<string, unknown>;
  /** form unless it says otherwise; query puts them into the URL, as every GET does. */
  format?: string | undefined;
  certificate?: ClientCertificate | undefined;
};

export type Answer = { status: number; text: string; headers: Headers };

const FORMS: Record<string, string> = {
  form: "application/x-www-form-urlencoded",
  json: "application/json",
  xml: "application/xml",
};

const asText = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

export const formOf = (params: Record<string, unknown>): URLSearchParams =>
  new URLSearchParams(Object.entries(params).map(([name, value]): [string, string] => [name, asText(value)]));

const bodyOf = (params: Record<string, unknown>, format: string): string => {
  if (format === "json") return JSON.stringify(params);
  return format === "xml" ? writeXml(params) : formOf(params).toString();
};

/** Any answer is one; rejects with `refresh_token_external_error` only when there is none. */
export const ask = async (
  context: Pick<ObtainContext, "fetch" | "signal" | "provider" | "client"> &
    Partial<Pick<ObtainContext, "credentials">>,
  { url: address, method = "POST", headers: given = {}, params, format = "form", certificate }: Asked,
): Promise<Answer> => {
  const url = new URL(address);
  const isInQuery = method === "GET" || format === "query";
  const isEmpty = isInQuery || Object.keys(params).length === 0;
  if (isInQuery) for (const [name, value] of formOf(params)) url.searchParams.set(name, value);
  const headers = new Headers({ accept: "application/json" });
  if (!isEmpty) headers.set("content-type", FORMS[format] ?? FORMS.form!);
  for (const [name, value] of Object.entries(given)) headers.set(name, value);
  const body = isEmpty ? undefined : bodyOf(params, format);
  const { signal } = context;
  try {
    const answer = await context.fetch(url, {
      method,
      headers,
      ...(body && { body }),
      ...(signal && { signal }),
      certificate,
    });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  } catch (cause) {
    if (!(cause instanceof UpstreamError)) throw cause;
    throw refusal(context, { status: null, error: cause.code, cause });
  }
};
