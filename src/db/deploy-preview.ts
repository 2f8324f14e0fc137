// Bindings of sql/66_deploy_preview.sql: what a deployment would touch.
import { z } from "zod";
import { fn, rows } from "./fn.ts";
import { FunctionChange } from "./functions.ts";

const Touched = FunctionChange.extend({
  auto_start: z.boolean(),
  event: z.string().nullable(),
  connections: z.number(),
});

/** What a deployment would do to one function, and for how many connections. */
export type TouchedFunction = z.infer<typeof Touched>;

export const previewDeploy = fn(
  "preview_deploy",
  { environment: "int", functions: "jsonb", mode: "text" },
  rows(Touched),
);
