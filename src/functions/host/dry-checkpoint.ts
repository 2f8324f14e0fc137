// The checkpoint of a run that leaves nothing behind: kept in memory, held to what a stored one is held to.
import { AppError } from "../../errors.ts";

const MOST_FIELDS = 16;
const LONGEST_KEY = 255;
const LONGEST_TEXT = 4000;

const isField = ([key, value]: [string, unknown]): boolean =>
  key.length <= LONGEST_KEY &&
  ["string", "number", "boolean"].includes(typeof value) &&
  String(value).length <= LONGEST_TEXT;

const check = (value: unknown): void => {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const fields = isObject ? Object.entries(value) : [];
  const wrong = fields.find((field) => !isField(field));
  if (isObject && wrong === undefined && fields.length <= MOST_FIELDS) return;
  const what = !isObject
    ? "the value"
    : wrong === undefined
      ? "the number of fields"
      : `field "${wrong[0].slice(0, 50)}"`;
  throw new AppError("SL004", `invalid checkpoint: ${what}`);
};

/** `getCheckpoint`, `saveCheckpoint` and `clearCheckpoint`, beginning with `given`. Throws SL004 for what may not be one. */
export const createDryCheckpoint = (given: Record<string, unknown> | undefined) => {
  if (given !== undefined) check(given);
  let kept: unknown = given ?? null;
  return {
    getCheckpoint: async () => kept,
    saveCheckpoint: async (value: unknown): Promise<void> => {
      check(value);
      kept = value;
    },
    clearCheckpoint: async (): Promise<void> => {
      kept = null;
    },
  };
};
