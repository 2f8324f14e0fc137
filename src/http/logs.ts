// GET /logs: what happened, run by run.
import { z } from "zod";
import { listLogs } from "../db/logs.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { readQuery } from "./validate.ts";

const id = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const Query = z.strictObject({
  /** A run's number; `errors[].log_id` of a connection has it. */
  run: id.optional(),
  connection: id.max(2 ** 31 - 1).optional(),
  kind: z.enum(["run", "request", "message", "webhook", "change"]).optional(),
  level: z.enum(["debug", "info", "warn", "error"]).optional(),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Log rows, oldest first: the newest ones, or with `after` the next ones after that id. */
export const installLogs: Install = (app, { db }) => {
  app.get("/logs", async (req, res) => {
    const { run = null, connection = null, kind = null, level = null, after = null, limit } = readQuery(req, Query);
    const environment = environmentOf(res).id;
    res.json({ logs: await listLogs(db, { environment, run, connection, kind, level, after, limit }) });
  });
};
