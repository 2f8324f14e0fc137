// Whether a request is the recorded one: the same parameters, the recorded headers, the same body.
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

export type RecordedRequest = { params?: Record<string, unknown>; headers?: Record<string, string>; data?: unknown };

/** A request as it came in; `method` in lower case, `params` in the order of their names. */
export type Asked = {
  method: string;
  path: string;
  params: [name: string, value: string][];
  headers: IncomingMessage["headers"];
  body: string;
};

const LONGEST_TEXT = 1000; // a longer body is recorded as its digest

const byName = (params: [string, string][]) => params.sort(([a], [b]) => (a < b ? -1 : 1));

const recordedParams = (params: Record<string, unknown> = {}): [string, string][] =>
  byName(Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));

/** Texts that count as the same although they differ, such as moments, made the same. */
export type Blur = (text: string) => string;

const recordedText = (data: unknown): string => (typeof data === "string" ? data : JSON.stringify(data));

const identityOf = (text: string): string =>
  text.length > LONGEST_TEXT ? `sha1:${createHash("sha1").update(text).digest("hex")}` : text;

export const askedBy = (request: IncomingMessage, body: Buffer): Asked => {
  const { pathname, searchParams } = new URL(request.url as string, "http://replay");
  const method = (request.method as string).toLowerCase();
  return { method, path: pathname, params: byName([...searchParams]), headers: request.headers, body: body.toString() };
};

/** True when this is the recorded request. One recorded without a body stands for any. */
export const matches = (recorded: RecordedRequest, asked: Asked, blur: Blur): boolean => {
  const { params, headers = {}, data } = recorded;
  const areParamsSame = blur(JSON.stringify(recordedParams(params))) === blur(JSON.stringify(asked.params));
  const hasHeaders = Object.entries(headers).every(([name, value]) => asked.headers[name.toLowerCase()] === value);
  const isBodySame = data === undefined || data === null || identityOf(recordedText(data)) === identityOf(asked.body);
  return areParamsSame && hasHeaders && isBodySame;
};
