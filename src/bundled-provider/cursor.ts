// Cursors: where a page ended, as a text clients must not look into.
import { AppError } from "../errors.ts";
import type { Place } from "./sorted.ts";

/** Which order a cursor belongs to: all rows by id, changed rows by time, or deletions by time. */
export type Order = "rows" | "changes" | "deletions";

/** Writes the place of the last row a page held. */
export const writeCursor = (order: Order, { at, index }: Place): string =>
  Buffer.from(`${order}.${at}.${index}`).toString("base64url");

/** Reads a cursor made for the same order. Throws invalid_query_params for any other text. */
export const readCursor = (order: Order, cursor: string): Place => {
  const [found, at, index] = Buffer.from(cursor, "base64url").toString().split(".");
  const place = { at: Number(at), index: Number(index) };
  const isPlace = Number.isSafeInteger(place.at) && Number.isSafeInteger(place.index);
  if (found === order && isPlace) return place;
  throw new AppError("invalid_query_params", "The cursor is not one this list gave out.");
};
