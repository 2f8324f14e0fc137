// What a function hands over as records, made ready to be compared and stored: ids checked, doubles dropped, one text each.
import { canonicalJsonWithout } from "../../crypto/canonical-json.ts";
import { withoutNul } from "../../db/storable.ts";
import { AppError } from "../../errors.ts";

type Row = Record<string, unknown>;

export type Input = { id: string; row: Row };

const MAX_ID_CHARS = 255;

/** The text that a row's id is stored as; undefined when it has none that can be stored. */
export const idOf = (row: unknown): string | undefined => {
  const id = (row as Row | null)?.id;
  const text = typeof id === "number" && Number.isFinite(id) ? String(id) : id;
  // Postgres texts hold no NUL character and no half of a surrogate pair.
  const clean = typeof text === "string" ? text.replaceAll("\0", "").toWellFormed() : "";
  return clean.length >= 1 && clean.length <= MAX_ID_CHARS ? clean : undefined;
};

const toId = (row: unknown, at: number, model: string): string => {
  const id = idOf(row);
  if (id !== undefined) return id;
  const message = `record ${at} of ${model} needs an id: a number, or a text of 1 to ${MAX_ID_CHARS} characters`;
  throw new AppError("invalid_sync_record", message, {
    errors: [{ code: "invalid_id", message, path: [model, String(at), "id"] }],
  });
};

/**
 * The rows of one batch by id; of several with one id the first wins, the ids of the others come back as `doubles`.
 * Throws `invalid_sync_record` naming the first row without a proper id; nothing of the batch is stored then.
 */
export const readInput = (rows: unknown[], model: string): { inputs: Input[]; doubles: string[] } => {
  const seen = new Set<string>();
  const inputs: Input[] = [];
  const doubles: string[] = [];
  rows.forEach((row, at) => {
    const id = toId(row, at, model);
    if (seen.has(id)) doubles.push(id);
    else inputs.push({ id, row: row as Row });
    seen.add(id);
  });
  return { inputs, doubles };
};

/** The canonical text of a record without its id, which is stored beside it. */
export const contentOf = (row: Row): string => withoutNul(canonicalJsonWithout(row, "id"));
