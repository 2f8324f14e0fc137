// The opaque cursor: which stream, and the position of the last record read. A stream is replaced when its cache is
// emptied, so a cursor also tells the epoch it is from. Base64url of "1.<stream>.<position>", 1 being this format.
import { AppError } from "../errors.ts";

export type Cursor = { stream: number; pos: number };

const FORM = /^1\.(\d{1,10})\.(\d{1,16})$/;

/** The cursor as clients carry it. */
export const encodeCursor = ({ stream, pos }: Cursor): string =>
  Buffer.from(`1.${stream}.${pos}`).toString("base64url");

/** What a cursor says. Throws `invalid_query_params` naming `field` for a text that is none. */
export const decodeCursor = (text: string, field = "cursor"): Cursor => {
  const [, stream, pos] = FORM.exec(Buffer.from(text, "base64url").toString("latin1")) ?? [];
  const cursor = { stream: Number(stream), pos: Number(pos) };
  if (stream === undefined || !Number.isSafeInteger(cursor.pos) || cursor.stream > 2 ** 31 - 1) {
    const message = "is not a cursor that this server gave out";
    throw new AppError("invalid_query_params", `The ${field} ${message}.`, {
      errors: [{ code: "custom", message, path: [field] }],
    });
  }
  return cursor;
};
