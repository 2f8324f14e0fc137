// POST /dryrun: run a function that was not deployed for a connection, store nothing, and tell line by line what it does.
import { z } from "zod";
import { CompiledFunction } from "../../functions/definition.ts";
import { untilClosed } from "../closed.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, JsonObject, Name } from "../patterns.ts";
import { DEPLOY_LIMIT } from "./deploy.ts";

const Body = z.strictObject({
  function: CompiledFunction,
  connection_id: ConnectionId,
  variant: Name.default("base"),
  input: z.unknown().optional(),
  webhook: z.unknown().optional().meta({
    description: "What a provider's webhook says: onWebhook, or onWebhookBatch, is run with it instead of exec.",
  }),
  last_sync_date: z.iso.datetime({ offset: true }).nullable().default(null),
  metadata: JsonObject.optional().meta({ description: "Instead of the connection's." }),
  checkpoint: JsonObject.optional().meta({ description: "Where to go on from." }),
  validate: z.boolean().default(false).meta({ description: "End the run at data that does not match its schema." }),
});

const Lines = z.string().meta({
  description:
    "One JSON object a line: `log`, `request`, `told` and `write` as they happen, then one `end` with the value or the error.",
});

/** The answer is 200 once the run has begun; closing the connection ends the run. */
export const dryRunEndpoints = ({ runs }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "post",
      unaudited: "a dry run changes nothing",
      path: "/dryrun",
      tag: "Functions",
      says: "Run a compiled function for a connection, storing nothing",
      scope: "functions:dryrun",
      body: Body,
      bodyLimit: DEPLOY_LIMIT,
      answers: { 200: { says: "What the function does, as it does it.", type: "application/x-ndjson", body: Lines } },
      errors: ["unknown_connection"],
    },
    async ({ environment, body, res }) => {
      const write = (line: object): void => {
        if (!res.headersSent) res.status(200).type("application/x-ndjson");
        if (!res.writableEnded && !res.destroyed) res.write(`${JSON.stringify(line)}\n`);
      };
      const outcome = await runs.dryRun(
        {
          environment,
          connection: body.connection_id,
          compiled: body.function,
          variant: body.variant,
          input: body.input,
          webhook: body.webhook,
          lastSyncDate: body.last_sync_date,
          validate: body.validate,
          stubs: { metadata: body.metadata, checkpoint: body.checkpoint },
        },
        write,
        untilClosed(res),
      );
      write({ type: "end", ...outcome });
      res.end();
      return undefined;
    },
  ),
];
