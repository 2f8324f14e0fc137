// POST /functions/dryruns and GET /functions/dryruns/:id: a text that is run for a connection, storing nothing.
import { z } from "zod";
import { findConnection } from "../../db/connections.ts";
import { AppError } from "../../errors.ts";
import { compileCode } from "../../functions/compile-code.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { mustKnow } from "../integrations/integration-shape.ts";
import { ConnectionId, JsonObject, ProviderConfigKey } from "../patterns.ts";
import { createReport } from "./dry-run-report.ts";
import { Code } from "./function-compile.ts";
import { Begun, functionJobs, JobParams, jobFields, RunnableType } from "./function-jobs.ts";

const LONGEST_MS = 5 * 60_000;

const Body = z.strictObject({
  integration_id: ProviderConfigKey,
  function_type: RunnableType,
  code: Code,
  connection_id: ConnectionId,
  input: z.unknown().optional(),
  metadata: JsonObject.optional().meta({ description: "Instead of the connection's." }),
  checkpoint: JsonObject.optional().meta({ description: "Where to go on from." }),
  last_sync_date: z.iso.datetime({ offset: true }).optional(),
});

const Result = z.strictObject({
  ...jobFields,
  result: z.unknown().optional().meta({
    description: "What an action gave; of a sync the counts, and what it would have written as far as that fits.",
  }),
});

const shared = { tag: "Functions", scope: "functions:dryrun" } as const;

/** Dry runs of single texts: two statements until the answer; what the function reads after it. */
export const functionDryRunEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { db, runs } = deps;
  const jobs = functionJobs(deps);
  return [
    endpoint(
      {
        ...shared,
        method: "post",
        unaudited: "a dry run changes nothing",
        path: "/functions/dryruns",
        says: "Run a text for a connection, storing nothing",
        more: "Its requests are sent with the connection's credentials. It runs for five minutes at most.",
        body: Body,
        answers: { 202: { says: "It runs: look for the outcome.", body: Begun } },
        errors: ["integration_not_found", "connection_not_found", "execution_environment_unavailable"],
      },
      async ({ environment, body }) => {
        const { integration_id: integration, connection_id: connection, function_type: type, code } = body;
        await mustKnow(db, environment.id, integration);
        const named = { environment: environment.id, integration, connection };
        if ((await findConnection(db, named)) === null)
          throw new AppError("connection_not_found", `"${integration}" has no connection "${connection}".`);
        return await jobs.begin(environment.id, { kind: "dryrun", integration, name: null, type }, async () => {
          const compiled = await compileCode({ integration, name: type, code });
          if (compiled.kind !== type) throw new AppError("dryrun_error", `The text is of a ${compiled.kind}.`);
          const report = createReport();
          const asked = {
            environment,
            connection,
            compiled,
            variant: "base",
            input: body.input,
            lastSyncDate: body.last_sync_date ?? null,
            validate: true,
            stubs: { metadata: body.metadata, checkpoint: body.checkpoint },
          };
          return report.end(await runs.dryRun(asked, report.tell, AbortSignal.timeout(LONGEST_MS)), type);
        });
      },
    ),
    endpoint(
      {
        ...shared,
        method: "get",
        path: "/functions/dryruns/:id",
        says: "What came of a dry run",
        params: JobParams,
        answers: { 200: { says: "The dry run as it stands; it is kept for a day.", body: Result } },
        errors: ["dryrun_not_found"],
      },
      async ({ environment, params: { id } }) => {
        const { shown, outcome } = await jobs.find(environment.id, "dryrun", id, "dryrun_not_found");
        return { ...shown, ...outcome };
      },
    ),
  ];
};
