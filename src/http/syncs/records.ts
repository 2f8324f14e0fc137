// GET /records and PATCH /records/prune.
import { z } from "zod";
import { prunePage, readPage } from "../../db/read-page.ts";
import { hasCode } from "../../errors.ts";
import { connectionOf } from "../connection-of.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionHeaders, Model, Name } from "../patterns.ts";
import { fieldError } from "../validate.ts";

const LOOK_BACK_MS = 365 * 24 * 3_600_000;
const MAX_PAGE = 10_000;
const PRUNED_PER_CALL = 1_000;

const ACTIONS: Record<string, "A" | "U" | "D"> = { added: "A", updated: "U", deleted: "D" };

const Since = z.iso
  .datetime({ error: "must be ISO 8601 in UTC, such as 2026-01-31T12:00:00Z" })
  .refine((text) => Date.parse(text) >= Date.now() - LOOK_BACK_MS, "must not be more than 365 days ago");

const Filter = z.string().transform((text, context) =>
  text.split(",").map((part) => {
    const action = ACTIONS[part.trim().toLowerCase()];
    if (action === undefined) context.addIssue("must be a comma list of added, updated, deleted");
    return action ?? "A";
  }),
);

const Id = z.string().min(1).max(256);
const oneOrMore = (ids: unknown) => (typeof ids === "string" ? [ids] : ids);

const ListQuery = z.strictObject({
  model: Model,
  variant: Name.optional(),
  delta: Since.optional(),
  modified_after: Since.optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
  filter: Filter.optional(),
  cursor: z.string().min(1).max(1000).optional(),
  ids: z.preprocess(oneOrMore, z.array(Id).min(1).max(100)).optional(),
});

const PruneBody = z.strictObject({
  model: Model,
  variant: Name.optional(),
  until_cursor: z.string().min(1).max(1000),
  limit: z.number().int().min(1).max(MAX_PAGE).default(PRUNED_PER_CALL),
});

const Metadata = z.strictObject({
  first_seen_at: z.string(),
  last_modified_at: z.string().meta({ description: "Microseconds, in UTC." }),
  last_action: z.enum(["ADDED", "UPDATED", "DELETED"]),
  deleted_at: z.string().nullable(),
  pruned_at: z.string().nullable().meta({ description: "Since when the record has no payload." }),
  cursor: z.string().meta({ description: "Where this record stands: reading goes on after it." }),
});

const RecordPage = z.strictObject({
  records: z.array(z.looseObject({ id: z.string(), _nango_metadata: Metadata })),
  next_cursor: z.string().nullable().meta({ description: "Null when there is nothing more now." }),
});

const Pruned = z.strictObject({ count: z.number().int(), has_more: z.boolean() });

/** Reads change feeds and forgets payloads. A connection that does not exist is 400 here, not 404. */
export const recordEndpoints = (deps: HttpDeps): Endpoint[] => {
  const read = readPage(deps);
  const prune = prunePage(deps);
  return [
    endpoint(
      {
        method: "get",
        path: "/records",
        tag: "Records",
        says: "The changes of a model, oldest first",
        more: "Keep the cursor of the last record read: reading on from it misses no change, whatever runs at the same time.",
        client: "listRecords",
        scope: "records:read",
        headers: ConnectionHeaders,
        query: ListQuery,
        answers: { 200: { says: "A page of records.", body: RecordPage } },
        errors: ["unknown_connection"],
      },
      async ({ query, res, ...named }) => {
        const connection = await connectionOf(deps, named);
        const { body } = await read({
          connection,
          model: query.model,
          variant: query.variant ?? "base",
          modifiedAfter: query.delta ?? query.modified_after,
          actions: query.filter,
          cursor: query.cursor,
          ids: query.ids,
          limit: query.limit,
        });
        res.type("application/json").send(body);
        return undefined;
      },
    ),
    endpoint(
      {
        method: "patch",
        path: "/records/prune",
        unaudited: "records are data, and an app prunes what it has read",
        tag: "Records",
        says: "Forget the payloads of records up to a cursor",
        client: "pruneRecords",
        scope: "records:write",
        headers: ConnectionHeaders,
        body: PruneBody,
        answers: { 200: { says: "How many were pruned; call again while there are more.", body: Pruned } },
        errors: ["unknown_connection"],
      },
      async ({ body, ...named }) => {
        const connection = await connectionOf(deps, named);
        const { model, limit, variant = "base", until_cursor: untilCursor } = body;
        try {
          return await prune({ connection, model, variant, untilCursor, limit });
        } catch (error) {
          const isBadCursor = hasCode(error, "SL003") || hasCode(error, "invalid_query_params");
          throw isBadCursor ? fieldError("invalid_body", ["until_cursor"], error.message, error) : error;
        }
      },
    ),
  ];
};
