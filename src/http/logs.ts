// GET /logs: what happened, run by run.
import { z } from "zod";
import { listLogs } from "../db/logs.ts";
import type { HttpDeps } from "./deps.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";

const id = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const Kind = z.enum(["run", "request", "message", "webhook", "change"]);
const Level = z.enum(["debug", "info", "warn", "error"]);

const Query = z.strictObject({
  run: id.optional().meta({ description: "A run's number; `errors[].log_id` of a connection has it." }),
  connection: id
    .max(2 ** 31 - 1)
    .optional()
    .meta({ description: "A connection's number." }),
  kind: Kind.optional(),
  level: Level.optional().meta({ description: "The lowest level." }),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const Row = z
  .strictObject({
    id: z.number().int(),
    at: z.string(),
    kind: Kind,
    level: Level,
    message: z.string(),
    detail: z.unknown(),
    run_id: z.number().int().nullable(),
    function_name: z.string().nullable(),
    connection_id: z.string().nullable(),
    provider_config_key: z.string().nullable(),
  })
  .meta({ id: "LogRow" });

/** Log rows, by one statement. */
export const logEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/logs",
      tag: "Logs",
      says: "What happened, oldest first",
      more: "The newest rows; with `after` the next ones after that id.",
      scope: "logs:read",
      query: Query,
      answers: { 200: { says: "Log rows.", body: z.strictObject({ logs: z.array(Row) }) } },
    },
    async ({ environment, query }) => {
      const { run = null, connection = null, kind = null, level = null, after = null, limit } = query;
      return { logs: await listLogs(db, { environment: environment.id, run, connection, kind, level, after, limit }) };
    },
  ),
];
