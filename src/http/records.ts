// GET /records and PATCH /records/prune.
import type { Request, Response } from "express";
import { z } from "zod";
import { findConnection } from "../db/connections.ts";
import { prunePage, readPage } from "../db/read-page.ts";
import { AppError, hasCode } from "../errors.ts";
import { environmentOf } from "./auth.ts";
import type { HttpDeps, Install } from "./deps.ts";
import { ConnectionHeaders, Model, Name } from "./patterns.ts";
import { fieldError, readBody, readHeaders, readQuery, refuseQuery } from "./validate.ts";

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

const connectionOf = async (req: Request, res: Response, { db }: HttpDeps): Promise<number> => {
  const headers = readHeaders(req, ConnectionHeaders);
  const found = await findConnection(db, {
    environment: environmentOf(res).id,
    integration: headers["provider-config-key"],
    connection: headers["connection-id"],
  });
  if (found === null) throw new AppError("unknown_connection");
  return found.id;
};

/** Reads change feeds and forgets payloads. A connection that does not exist is 400 here, not 404. */
export const installRecords: Install = (app, deps) => {
  const read = readPage(deps);
  const prune = prunePage(deps);

  app.get("/records", async (req, res) => {
    const query = readQuery(req, ListQuery);
    const connection = await connectionOf(req, res, deps);
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
  });

  app.patch("/records/prune", async (req, res) => {
    refuseQuery(req);
    const body = readBody(req, PruneBody);
    const connection = await connectionOf(req, res, deps);
    const { model, limit, variant = "base", until_cursor: untilCursor } = body;
    try {
      res.json(await prune({ connection, model, variant, untilCursor, limit }));
    } catch (error) {
      const isBadCursor = hasCode(error, "SL003") || hasCode(error, "invalid_query_params");
      throw isBadCursor ? fieldError("invalid_body", ["until_cursor"], error.message, error) : error;
    }
  });
};
