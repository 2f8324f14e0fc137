// Bindings of sql/54_access.sql: API keys, known by their SHA-256.
import { z } from "zod";
import { fn, maybeRow, nothing, row, rows, value } from "./fn.ts";

const Environment = z.object({ id: z.number(), uid: z.string(), name: z.string(), scopes: z.array(z.string()) });

/** The environment a bearer acts for, and what it may do there. */
export type Environment = z.infer<typeof Environment>;

const ApiKey = z.object({
  id: z.number(),
  display_name: z.string(),
  scopes: z.array(z.string()),
  created_at: z.string(),
});

export const addApiKey = fn(
  "add_api_key",
  { environment: "int", keyHash: "bytea", displayName: "text" },
  value(z.boolean()),
);
export const createApiKey = fn(
  "create_api_key",
  { environment: "int", keyHash: "bytea", displayName: "text", scopes: "text[]" },
  row(ApiKey),
);
export const listApiKeys = fn(
  "list_api_keys",
  { environment: "int" },
  rows(ApiKey.extend({ environment: z.string() })),
);
export const revokeApiKey = fn("revoke_api_key", { environment: "int", id: "int" }, nothing());
export const findEnvironmentByKey = fn(
  "find_environment_by_key",
  { keyHash: "bytea" },
  maybeRow(Environment.extend({ key_id: z.number() })),
);
