// Bindings of sql/87_undo.sql: taking back what a run did.
import { z } from "zod";
import { fn, nothing, rows } from "./fn.ts";

const Undone = z.object({
  model: z.string(),
  removed: z.number(),
  restored: z.number(),
  reverted: z.number(),
  changed_since: z.number(),
  unrecoverable: z.number(),
  undo_run: z.number().nullable(),
});

/** What an undo does, or would do, to the records of a model. */
export type Undone = z.infer<typeof Undone>;

const Unfilled = z.object({
  landing: z.number(),
  stream: z.number(),
  connection: z.number(),
  table_name: z.string(),
  columns: z.record(z.string(), z.string()),
});

export const checkRun = fn("check_run", { environment: "int", run: "bigint" }, nothing());
export const previewUndo = fn("preview_undo", { run: "bigint" }, rows(Undone));
export const undoRun = fn("undo_run", { run: "bigint", rewind: "boolean?", fillLater: "boolean?" }, rows(Undone));
export const unfilledLandings = fn("unfilled_landings", { run: "bigint" }, rows(Unfilled));
