// Bindings of sql/65_function_config.sql: what functions an environment has.
import { z } from "zod";
import { fn, nothing, rows, value } from "./fn.ts";

const Deployed = z.object({
  id: z.number(),
  kind: z.enum(["sync", "action", "on-event"]),
  name: z.string(),
  definition: z.record(z.string(), z.unknown()),
  source: z.enum(["repo", "standalone", "catalog"]),
  deployed_at: z.string(),
});

/** A function in use. `definition` is a FunctionDefinition. */
export type DeployedFunction = z.infer<typeof Deployed>;

const OfIntegration = Deployed.extend({ integration: z.string(), provider: z.string() });

const integration = { environment: "int", uniqueKey: "text" } as const;
const filter = { ...integration, kind: "text", search: "text" } as const;
const named = { ...integration, name: "text", kind: "text" } as const;

export const listFunctionConfigs = fn("list_function_configs", { environment: "int" }, rows(OfIntegration));
export const countFunctions = fn("count_functions", filter, value(z.number()));
export const listFunctions = fn("list_functions", { ...filter, limit: "int", offset: "int" }, rows(Deployed));
export const findFunctions = fn("find_functions", named, rows(Deployed));
export const getFunctionCode = fn(
  "get_function_code",
  { environment: "int", function: "int" },
  value(z.string().nullable()),
);
export const deleteFunction = fn("delete_function", named, nothing());
