// GET and POST /runs/:runId/undo: what undoing a run would do, and doing it.
import { z } from "zod";
import { checkRun, previewUndo, type Undone } from "../../db/undo.ts";
import { AppError, hasCode } from "../../errors.ts";
import { undoRun } from "../../runs/undo.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

const Params = z.strictObject({ runId: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER) });

const count = (says: string) => z.number().int().meta({ description: says });

const Model = z.strictObject({
  model: z.string(),
  removed: count("Records the run had added"),
  restored: count("Records the run had deleted"),
  reverted: count("Records the run had updated"),
  changed_since: count("Records left alone: others have changed them since; without history at most that many"),
  unrecoverable: count("Records left alone: what was there before is not known any more"),
});

const toWire = ({ undo_run: _, ...counts }: Undone) => counts;

const refusing = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if (!hasCode(error, "SL005")) throw error;
    const { hint } = (error.payload ?? {}) as { hint?: string | null };
    throw new AppError("cannot_undo", hint ? `${error.message}. ${hint}` : error.message, { cause: error });
  }
};

/** Undoing runs. */
export const undoEndpoints = ({ db, keys }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/runs/:runId/undo",
      tag: "Syncs",
      says: "What undoing a run would do",
      scope: "syncs:read",
      params: Params,
      answers: { 200: { says: "Per model, in records.", body: z.strictObject({ models: z.array(Model) }) } },
      errors: ["not_found", "cannot_undo"],
    },
    async ({ environment, params: { runId: run } }) => {
      await checkRun(db, { environment: environment.id, run });
      return { models: (await refusing(previewUndo(db, { run }))).map(toWire) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/runs/:runId/undo",
      tag: "Syncs",
      says: "Undo what a run of a sync changed",
      more: "The changes are taken back by new ones, so cursors, webhooks and tables that are delivered into follow; pause the sync first. It goes back to where the run began, unless `rewind` is false. What the sync updated comes back where its model keeps history.",
      scope: "syncs:execute",
      params: Params,
      body: z.strictObject({ rewind: z.boolean().default(true) }),
      answers: {
        200: {
          says: "Done. `undo_run` can be undone too; it is null when the run had changed nothing.",
          body: z.strictObject({ undo_run: z.number().nullable(), models: z.array(Model) }),
        },
      },
      errors: ["not_found", "cannot_undo", "delivery_failed"],
    },
    async ({ environment, params: { runId: run }, body: { rewind } }) => {
      const undone = await refusing(undoRun({ db, keys })({ environment: environment.id, run, rewind }));
      return { undo_run: undone[0]?.undo_run ?? null, models: undone.map(toWire) };
    },
  ),
];
