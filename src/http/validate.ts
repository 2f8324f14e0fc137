// The doors of the API: query, headers, body and path go through a schema, and what is wrong is named field by field.
import type { Request } from "express";
import { z } from "zod";
import { AppError, type Code, type FieldError } from "../errors.ts";

type DoorCode = "invalid_query_params" | "invalid_headers" | "invalid_body" | "invalid_uri_params";

const toFieldError = (issue: z.core.$ZodIssue): FieldError => ({
  code: issue.code,
  message: issue.message,
  path: issue.path.map(String),
});

/** What people meet most, in words of theirs; the rest as zod says it. */
const worded: z.core.$ZodErrorMap = (issue) => {
  const { code, input } = issue;
  if ((code === "invalid_type" || code === "invalid_union") && input === undefined) return "is missing";
  // Numbers come as texts of a query or a path.
  if (code === "invalid_type" && Number.isNaN(input)) return "is not a number";
  if (code === "too_small" && input === "") return "is empty";
  if (code === "invalid_key") return issue.issues[0]?.message;
  return undefined;
};

const parse = <T>(schema: z.ZodType<T>, value: unknown, code: DoorCode): T => {
  const result = schema.safeParse(value, { error: worded });
  if (result.success) return result.data;
  throw new AppError(code, undefined, { errors: result.error.issues.map(toFieldError) });
};

const holdsNul = (value: unknown): boolean => {
  if (typeof value === "string") return value.includes("\0");
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, part]) => name.includes("\0") || holdsNul(part));
};

// Postgres holds no NUL in a text, and no text of a URL has a use for one. In a body it may be a function's to see.
const parseText = <T>(schema: z.ZodType<T>, given: object, code: DoorCode): T => {
  const wrong = Object.entries(given).find(([name, part]) => holdsNul(name) || holdsNul(part));
  if (wrong !== undefined) throw fieldError(code, [wrong[0]], "must not hold a NUL character");
  return parse(schema, given, code);
};

const Empty = z.strictObject({});

/** The query, parsed; `invalid_query_params` otherwise. */
export const readQuery = <T>(req: Request, schema: z.ZodType<T>): T =>
  parseText(schema, req.query, "invalid_query_params");

/** Refuses any query. */
export const refuseQuery = (req: Request): void => {
  readQuery(req, Empty);
};

/** The headers named in the schema, parsed; `invalid_headers` otherwise. */
export const readHeaders = <T>(req: Request, schema: z.ZodType<T>): T => parse(schema, req.headers, "invalid_headers");

/** The JSON body, parsed; `invalid_body` otherwise. */
export const readBody = <T>(req: Request, schema: z.ZodType<T>): T => parse(schema, req.body ?? {}, "invalid_body");

/** The path's parameters, parsed; `invalid_uri_params` otherwise. */
export const readParams = <T>(req: Request, schema: z.ZodType<T>): T =>
  parseText(schema, req.params, "invalid_uri_params");

/** An `invalid_…` error about one field. */
export const fieldError = (code: DoorCode, path: string[], message: string, cause?: unknown): AppError =>
  new AppError(code, undefined, { cause, errors: [{ code: "custom", message, path }] });

/** What the SQL refuses, by its message, as the error that this endpoint documents. */
export type Refusals = { [message: string]: Code | (() => AppError) };

/** Await `work`; what the SQL refused and `refusals` names is thrown in the API's words, anything else as it is. */
export const translating = async <T>(refusals: Refusals, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    const known = error instanceof AppError ? refusals[error.message] : undefined;
    if (known === undefined) throw error;
    throw typeof known === "function" ? known() : new AppError(known, undefined, { cause: error });
  }
};
