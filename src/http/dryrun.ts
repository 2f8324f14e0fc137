// POST /dryrun: run a function that was not deployed for a connection, store nothing, and tell line by line what it does.
import { z } from "zod";
import { AppError } from "../errors.ts";
import { CompiledFunction } from "../functions/definition.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { readBody, refuseQuery } from "./validate.ts";

const document = z.record(z.string(), z.unknown());

const Body = z.strictObject({
  function: CompiledFunction,
  connection_id: z.string().min(1),
  variant: z.string().min(1).default("base"),
  input: z.unknown().optional(),
  last_sync_date: z.iso.datetime({ offset: true }).nullable().default(null),
  metadata: document.optional(),
  checkpoint: document.optional(),
  validate: z.boolean().default(false),
});

/**
 * The answer is 200 and NDJSON once the run has begun: `log`, `request`, `told` and `write` as they happen, then one `end`
 * with the value or the error. Closing the connection ends the run.
 */
export const installDryRun: Install = (app, { runs }) => {
  app.post("/dryrun", async (req, res) => {
    refuseQuery(req);
    const body = readBody(req, Body);
    const closed = new AbortController();
    res.on("close", () => closed.abort(new AppError("script_aborted", "nobody waits for it any more")));
    const write = (line: object): void => {
      if (!res.headersSent) res.status(200).type("application/x-ndjson");
      if (!res.writableEnded && !res.destroyed) res.write(`${JSON.stringify(line)}\n`);
    };
    const outcome = await runs.dryRun(
      {
        environment: environmentOf(res),
        connection: body.connection_id,
        compiled: body.function,
        variant: body.variant,
        input: body.input,
        lastSyncDate: body.last_sync_date,
        validate: body.validate,
        stubs: { metadata: body.metadata, checkpoint: body.checkpoint },
      },
      write,
      closed.signal,
    );
    write({ type: "end", ...outcome });
    res.end();
  });
};
