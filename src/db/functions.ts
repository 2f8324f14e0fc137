// Bindings of sql/61_function.sql: deploying compiled functions, and what follows when a connection was made.
import { z } from "zod";
import { fn, nothing, rows } from "./fn.ts";

const Kind = z.enum(["sync", "action", "on-event"]);

/** What a deployment does to one function. */
export type FunctionChange = z.infer<typeof FunctionChange>;
export const FunctionChange = z.object({
  integration: z.string(),
  kind: Kind,
  name: z.string(),
  change: z.enum(["added", "updated", "unchanged", "removed"]),
});

const Loss = z.object({
  integration: z.string(),
  kind: Kind,
  name: z.string(),
  model: z.string(),
  connections: z.number(),
  records: z.number(),
});

/** A model that no function keeps up to date any more after a deployment, and how much of it there is. */
export type DeployLoss = z.infer<typeof Loss>;

const deployment = { environment: "int", functions: "jsonb", mode: "text" } as const;

export const planDeploy = fn("plan_deploy", deployment, rows(FunctionChange));
export const listDeployLosses = fn("list_deploy_losses", deployment, rows(Loss));
export const checkDeploy = fn("check_deploy", deployment, nothing());
/** `source` says how they came: `repo` (a folder, the default), `standalone` or `catalog`. */
export const deployFunctions = fn("deploy_functions", { ...deployment, source: "text?" }, rows(FunctionChange));
export const welcomeConnection = fn("welcome_connection", { connection: "int", isNew: "boolean" }, nothing());
