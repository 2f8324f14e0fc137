// Whether a request is the recorded one: the same parameters, the recorded headers, the same body.
import type { IncomingMessage } from "node:http";
import { digestOf, pairsOf, textOf } from "../../src/functions/fixtures/identity.ts";

export type RecordedRequest = { params?: Record<string, unknown>; headers?: Record<string, string>; data?: unknown };

/** A request as it came in; `method` in lower case, `params` in the order of their names. */
export type Asked = {
  method: string;
  path: string;
  params: [name: string, value: string][];
  headers: IncomingMessage["headers"];
  body: string;
};

const byName = (params: [string, string][]) => params.sort(([a], [b]) => (a < b ? -1 : 1));

/** Texts that count as the same although they differ, such as moments, made the same. */
export type Blur = (text: string) => string;

export const askedBy = (request: IncomingMessage, body: Buffer): Asked => {
  const { pathname, searchParams } = new URL(request.url as string, "http://replay");
  const method = (request.method as string).toLowerCase();
  return { method, path: pathname, params: byName([...searchParams]), headers: request.headers, body: body.toString() };
};

/** True when this is the recorded request. One recorded without a body stands for any. */
export const matches = (recorded: RecordedRequest, asked: Asked, blur: Blur): boolean => {
  const { params, headers = {}, data } = recorded;
  const areParamsSame = blur(JSON.stringify(byName(pairsOf(params, "dropped")))) === blur(JSON.stringify(asked.params));
  const hasHeaders = Object.entries(headers).every(([name, value]) => asked.headers[name.toLowerCase()] === value);
  const text = textOf(data);
  const isBodySame = text === undefined || digestOf(text) === digestOf(asked.body);
  return areParamsSame && hasHeaders && isBodySame;
};
