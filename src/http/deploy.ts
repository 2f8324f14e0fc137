// POST /deploy: what `syncline deploy` sends.
import { z } from "zod";
import { checkDeploy, deployFunctions, type FunctionChange, listDeployLosses, planDeploy } from "../db/functions.ts";
import { inTransaction } from "../db/tx.ts";
import { CompiledFunction } from "../functions/definition.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { readBody, refuseQuery } from "./validate.ts";

const Body = z.strictObject({
  functions: z.array(CompiledFunction),
  /** What happens to functions that are not given: `all` removes them, `integration` those of the integrations given, `single` none. */
  mode: z.enum(["all", "integration", "single"]),
  dry_run: z.boolean().default(false),
});

const show = ({ integration, kind, name, change }: FunctionChange) => ({ integration, kind, name, change });

/** Deploys compiled functions, or with `dry_run` says what that would do: the change of each function, and the models that would be left behind. */
export const installDeploy: Install = (app, { db }) => {
  app.post("/deploy", async (req, res) => {
    refuseQuery(req);
    const { functions, mode, dry_run: isDryRun } = readBody(req, Body);
    const deployment = { environment: environmentOf(res).id, functions, mode };
    if (isDryRun) {
      await checkDeploy(db, deployment);
      const losses = await listDeployLosses(db, deployment);
      res.json({ functions: (await planDeploy(db, deployment)).map(show), losses });
      return;
    }
    const changes = await inTransaction(db, (client) => deployFunctions(client, deployment));
    res.json({ functions: changes.map(show) });
  });
};
