// The body of an answer that is passed on but may say why it failed and when to come back: its start is read, the rest comes
// after it.
import { Readable } from "node:stream";
import type { OpenResponse } from "./client.ts";
import type { Answer } from "./rate-limit-headers.ts";
import { readResponse } from "./response.ts";

const MOST_READ_BYTES = 64 * 1024;

export type OpenAnswer = Omit<OpenResponse, "body"> & Pick<Answer, "data"> & { body: Readable };

async function* joined(start: Buffer[], rest: AsyncIterator<Buffer>) {
  try {
    yield* start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const parsed = async ({ body: _body, ...head }: OpenResponse, body: Buffer): Promise<unknown> => {
  try {
    return (await readResponse({ ...head, body }, undefined, MOST_READ_BYTES)).data;
  } catch {
    return undefined; // cut off here, or packed by a method of its own: its status and headers say enough
  }
};

/** The answer with `data`, what up to 64 KB of its body say; the body is still all there. Rejects when it breaks off in them. */
export const withData = async (answer: OpenResponse): Promise<OpenAnswer> => {
  const chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const start: Buffer[] = [];
  let size = 0;
  while (size < MOST_READ_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    size += start.push(value) && value.length;
  }
  const data = await parsed(answer, Buffer.concat(start, size));
  return { ...answer, data, body: Readable.from(joined(start, chunks), { objectMode: false }) };
};
