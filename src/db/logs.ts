// Bindings of sql/15_log.sql: the log, written in batches and read back.
import { z } from "zod";
import { fn, rows, value } from "./fn.ts";

/** One line to log. `at` is an ISO time; ids are those of the tables. */
export type LogLine = {
  at: string;
  environment_id: number;
  connection_id?: number | null;
  sync_id?: number | null;
  run_id?: number | null;
  kind: "run" | "request" | "message" | "webhook" | "change";
  level: "debug" | "info" | "warn" | "error";
  message: string;
  detail?: unknown;
};

export const appendLogs = fn("append_logs", { rows: "jsonb" }, value(z.number()));

const Listed = z.object({
  id: z.number(),
  at: z.string(),
  kind: z.enum(["run", "request", "message", "webhook", "change"]),
  level: z.enum(["debug", "info", "warn", "error"]),
  message: z.string(),
  detail: z.unknown(),
  run_id: z.number().nullable(),
  function_name: z.string().nullable(),
  connection_id: z.string().nullable(),
  provider_config_key: z.string().nullable(),
});

export const listLogs = fn(
  "list_logs",
  {
    environment: "int",
    run: "bigint",
    connection: "int",
    kind: "text",
    level: "text",
    after: "bigint",
    limit: "int",
  },
  rows(Listed),
);
