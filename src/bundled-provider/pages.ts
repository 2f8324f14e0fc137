// The three ways Acme cuts its lists into pages: contacts by cursor, companies by offset, tickets by links.
// Promise: following cursors or links never skips or repeats a row that was not edited meanwhile. Offsets, as everywhere,
// shift when a row before them is deleted or, with `updated_since`, edited.

import { AppError } from "../errors.ts";
import { type Answer, type ApiRequest, instant, wholeNumber } from "./answer.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { idOf, isKind, type Kind, type Row } from "./kinds.ts";
import type { Place } from "./sorted.ts";
import type { World } from "./world.ts";

const MAX_LIMIT = 1000;
const LIMIT = { from: 1, to: MAX_LIMIT, default: 100 };
const FAR = { from: 0, to: Number.MAX_SAFE_INTEGER, default: 0 };

type Slice = { rows: Row[]; next: string | null };
type Start = { cursor: string | null; offset: number };

/** Up to `limit` rows from a cursor or an offset, and the cursor behind them when more rows follow. */
const slice = (
  world: World,
  kind: Kind,
  request: ApiRequest,
  { start, limit }: { start: Start; limit: number },
): Slice => {
  const table = world.table(kind);
  const since = instant(request.query, "updated_since");
  const order = since === undefined ? "rows" : "changes";

  const placeBefore = (): Place | undefined => {
    if (start.cursor !== null) return readCursor(order, start.cursor);
    if (since === undefined) return { at: 0, index: table.nth(start.offset) - 1 };
    const first = table.nthChange(since, start.offset);
    return first && { at: first.at, index: first.index - 1 };
  };

  const after = placeBefore();
  const rows: Row[] = [];
  if (!after) return { rows, next: null };
  let last = after;
  for (const place of since === undefined ? table.list(after.index) : table.changes(after)) {
    if (rows.length === limit) return { rows, next: writeCursor(order, last) };
    rows.push(table.read(place.index));
    last = place;
  }
  return { rows, next: null };
};

const contacts = (world: World, request: ApiRequest): Answer => {
  const start = { cursor: request.query.get("cursor"), offset: 0 };
  const limit = wholeNumber(request.query, "limit", LIMIT);
  const { rows, next } = slice(world, "contacts", request, { start, limit });
  return { status: 200, body: { data: rows, next_cursor: next }, page: { kind: "contacts", rows: rows.length } };
};

const companies = (world: World, request: ApiRequest): Answer => {
  const start = { cursor: null, offset: wholeNumber(request.query, "offset", FAR) };
  const limit = wholeNumber(request.query, "limit", LIMIT);
  const since = instant(request.query, "updated_since");
  const { rows } = slice(world, "companies", request, { start, limit });
  const total = since === undefined ? world.count("companies") : world.table("companies").countChanges(since);
  return { status: 200, body: { companies: rows, total }, page: { kind: "companies", rows: rows.length } };
};

/** Links carry `after` besides the page's number: a client that follows them is not moved by deletions. */
const tickets = (world: World, request: ApiRequest): Answer => {
  const page = wholeNumber(request.query, "page", { from: 1, to: Number.MAX_SAFE_INTEGER, default: 1 });
  const limit = wholeNumber(request.query, "per_page", LIMIT);
  const start = { cursor: request.query.get("after"), offset: (page - 1) * limit };
  const { rows, next } = slice(world, "tickets", request, { start, limit });
  const answer = { status: 200, page: { kind: "tickets", rows: rows.length } } as const;
  if (next === null) return { ...answer, body: { tickets: rows, links: { next: null } } };
  const query = new URLSearchParams(request.query);
  query.set("page", String(page + 1));
  query.set("per_page", String(limit));
  query.set("after", next);
  const link = `${request.base}${request.path}?${query}`;
  return { ...answer, headers: { link: `<${link}>; rel="next"` }, body: { tickets: rows, links: { next: link } } };
};

const LISTS: Record<Kind, (world: World, request: ApiRequest) => Answer> = { contacts, companies, tickets };

/** One page of a kind's list. Throws invalid_query_params. */
export const listRows = (world: World, kind: Kind, request: ApiRequest): Answer => LISTS[kind](world, request);

/** One page of what was deleted at `since` or later, oldest first. Throws invalid_query_params. */
export const listDeleted = (world: World, request: ApiRequest): Answer => {
  const kind = request.query.get("kind");
  if (!isKind(kind)) throw new AppError("invalid_query_params", "kind must be contacts, companies or tickets.");
  const limit = wholeNumber(request.query, "limit", LIMIT);
  const cursor = request.query.get("cursor");
  const since = instant(request.query, "since") ?? 0;
  const after = cursor === null ? { at: since, index: -1 } : readCursor("deletions", cursor);
  const found = world.table(kind).deletionsAfter(after, limit + 1);
  const shown = found.slice(0, limit);
  const data = shown.map(({ at, index }) => ({ id: idOf(kind, index), kind, deleted_at: new Date(at).toISOString() }));
  const next = found.length > limit ? writeCursor("deletions", shown.at(-1)!) : null;
  return { status: 200, body: { data, next_cursor: next } };
};
