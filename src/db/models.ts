// Bindings of sql/51_page.sql and 52_model.sql: the models of an environment, and pages of their records.
import { z } from "zod";
import { fn, rows, rowsUnchecked } from "./fn.ts";
import type { StoredRecord } from "./records.ts";

/** A model that an integration has or had: the schema of its first deployment, and those of the functions in use. */
export type DeclaredModel = { integration: string; model: string; first_schema: unknown; schemas: unknown[] };

export const listModels = fn("list_models", { environment: "int" }, rowsUnchecked<DeclaredModel>());
export const listModelVersions = fn(
  "list_model_versions",
  { environments: "int[]" },
  rows(z.object({ environment: z.number(), version: z.string() })),
);

export const findConnections = fn(
  "find_connections",
  { connection: "text", integrations: "text[]" },
  rowsUnchecked<{ id: number; integration: string }>(),
);
export const readPages = fn(
  "read_pages",
  {
    connections: "int[]",
    models: "text[]",
    variants: "text[]",
    afterStream: "int",
    afterPos: "bigint",
    modifiedAfter: "timestamptz",
    actions: "text[]",
    ids: "text[]",
    limit: "int",
    withPayload: "boolean",
  },
  rowsUnchecked<StoredRecord & { page: number }>(),
);
