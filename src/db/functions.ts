// Bindings of sql/61_function.sql: deploying compiled functions, and giving connections their syncs.
import { z } from "zod";
import { fn, nothing, rows, value } from "./fn.ts";

const Change = z.object({
  integration: z.string(),
  kind: z.string(),
  name: z.string(),
  change: z.enum(["added", "updated", "unchanged", "removed"]),
});

/** What a deployment does to one function. */
export type FunctionChange = z.infer<typeof Change>;

const deployment = { environment: "int", functions: "jsonb", mode: "text" } as const;

export const planDeploy = fn("plan_deploy", deployment, rows(Change));
export const checkDeploy = fn("check_deploy", deployment, nothing());
export const deployFunctions = fn("deploy_functions", deployment, rows(Change));
export const installSyncs = fn("install_syncs", { connection: "int" }, value(z.number()));
