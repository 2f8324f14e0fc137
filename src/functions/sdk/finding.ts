// One thing wrong with a record, an input or an output, in words that lead to it.
import type { ErrorObject } from "ajv";

/** `subject` is the model, "input" or "output"; `id` is there for records only; an empty `path` is the whole. */
export type Finding = { subject: string; id?: string; path: string; keyword: string; message: string };

const MAX_ID_CHARS = 255;
const MAX_PATH_CHARS = 200;
const MAX_MESSAGE_CHARS = 300;

const SAYS: Record<string, string> = {
  required: "is missing",
  additionalProperties: "is not part of the schema",
  pattern: "must match its pattern", // zod's own run to hundreds of characters
};

const unescaped = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** The field that an error is about, when it is about one that is missing or too many. */
export const fieldOf = ({ params }: ErrorObject): string | undefined =>
  params.missingProperty ?? params.additionalProperty;

/** An error of Ajv as a finding. */
export const toFinding = (subject: string, error: ErrorObject): Finding => {
  const { instancePath, keyword, message = keyword } = error;
  const field = fieldOf(error);
  const parts = instancePath.split("/").slice(1).map(unescaped);
  const path = (field === undefined ? parts : [...parts, field]).join(".").slice(0, MAX_PATH_CHARS);
  return { subject, path, keyword, message: (SAYS[keyword] ?? message).slice(0, MAX_MESSAGE_CHARS) };
};

/** How to name a row that may have no id. */
export const nameOfRow = (row: unknown, at: number): string => {
  const id = (row as { id?: unknown } | null)?.id;
  const isId = (typeof id === "string" && id !== "") || typeof id === "number";
  return isId ? String(id).slice(0, MAX_ID_CHARS) : `at ${at}`;
};

export const inWords = ({ subject, id, path, message }: Finding): string =>
  `${subject}${id === undefined ? "" : ` ${id}`}: ${path === "" ? "it" : path} ${message}`;
