// Puts an answer on the wire: whole, or cut in the middle when that was asked for.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Json } from "../errors.ts";
import type { Answer } from "./answer.ts";

const isStream = (body: Answer["body"]): body is AsyncIterable<string> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

const payload = (body: Json | undefined, text = "") => Buffer.from(body === undefined ? text : JSON.stringify(body));

/** Sends an answer and returns when it was handed to the network. Streams go out as NDJSON. */
export const sendAnswer = async (response: ServerResponse, { status, headers, body, text }: Answer): Promise<void> => {
  if (isStream(body)) {
    response.writeHead(status, { "content-type": "application/x-ndjson", ...headers });
    return pipeline(Readable.from(body), response);
  }
  const bytes = payload(body, text);
  const type = body === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
  const length = status === 204 ? {} : { "content-length": bytes.length };
  response.writeHead(status, { ...type, ...length, ...headers });
  response.end(bytes);
  if (!response.writableFinished && !response.destroyed) await once(response, "close");
};

/** Promises the whole length, sends half the bytes and hangs up; an answer without a body only hangs up. */
export const sendTruncated = async (
  response: ServerResponse,
  { status, headers, body, text }: Answer,
): Promise<void> => {
  const bytes = isStream(body) ? Buffer.alloc(0) : payload(body, text);
  if (bytes.length > 0) {
    response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
    await new Promise<void>((resolve) => response.write(bytes.subarray(0, bytes.length >> 1), () => resolve()));
  }
  response.destroy();
};
