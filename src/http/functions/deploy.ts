// POST /deploy: what `syncline deploy` sends.
import { z } from "zod";
import { checkDeploy, deployFunctions, type FunctionChange, listDeployLosses, planDeploy } from "../../db/functions.ts";
import { inTransaction } from "../../db/tx.ts";
import { CompiledFunction, FUNCTION_KINDS } from "../../functions/definition.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

/** A deployment may be this large: thousands of functions. */
export const DEPLOY_LIMIT = 75 * 1024 * 1024;

const Body = z.strictObject({
  functions: z.array(CompiledFunction),
  mode: z.enum(["all", "integration", "single"]).meta({
    description:
      "What happens to functions that are not given: `all` removes them, `integration` those of the integrations given, `single` none.",
  }),
  dry_run: z.boolean().default(false).meta({ description: "Only say what would change." }),
});

const Change = z.strictObject({
  integration: z.string(),
  kind: z.enum(FUNCTION_KINDS),
  name: z.string(),
  change: z.enum(["added", "updated", "unchanged", "removed"]),
});

const Loss = z.strictObject({
  integration: z.string(),
  kind: z.enum(FUNCTION_KINDS),
  name: z.string(),
  model: z.string(),
  connections: z.number().int(),
  records: z.number().int(),
});

const Deployed = z.strictObject({
  functions: z.array(Change),
  losses: z.array(Loss).optional().meta({ description: "Models that nothing would keep up to date; of a dry run." }),
});

const show = ({ integration, kind, name, change }: FunctionChange) => ({ integration, kind, name, change });

/** Deploys compiled functions, or with `dry_run` says what that would do: the change of each function, and the models that would be left behind. */
export const deployEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/deploy",
      tag: "Functions",
      says: "Deploy a folder of compiled functions",
      more: "All of it or nothing. What has not changed is not touched; a running run ends with the code it began with.",
      scope: "deploy",
      body: Body,
      bodyLimit: DEPLOY_LIMIT,
      answers: { 200: { says: "What happened to each function, or would.", body: Deployed } },
    },
    async ({ environment, body: { functions, mode, dry_run: isDryRun } }) => {
      const deployment = { environment: environment.id, functions, mode };
      if (isDryRun) {
        await checkDeploy(db, deployment);
        const losses = await listDeployLosses(db, deployment);
        return { functions: (await planDeploy(db, deployment)).map(show), losses };
      }
      const changes = await inTransaction(db, (client) => deployFunctions(client, deployment));
      return { functions: changes.map(show) };
    },
  ),
];
