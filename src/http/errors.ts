// Every failure becomes one shape: {"error": {"code", "message", "errors"?, "payload"?}}.
import { randomUUID } from "node:crypto";
import type { ErrorRequestHandler, Request } from "express";
import { AppError, type Code } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Install } from "./deps.ts";

// What the SQL refuses and no handler knew better, in the API's words.
const SQL_CODES: { [code: string]: Code } = {
  SL002: "not_found",
  SL003: "invalid_query_params",
  SL004: "invalid_body",
};

// What Postgres says of a NUL character, in a text and in JSON.
const UNSTORABLE = ["22021", "22P05"];

const isUnstorable = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && UNSTORABLE.includes(String(error.code));

// Of the statuses from 500 on, these are ours to explain.
const EXPLAINED: Code[] = ["not_implemented", "execution_environment_unavailable"];

const toAppError = (error: unknown): AppError | undefined => {
  // A path that is not valid percent-encoding.
  if (error instanceof URIError) return new AppError("invalid_uri_params", undefined, { cause: error });
  if (isUnstorable(error))
    return new AppError("invalid_body", "A text in the body holds a NUL character.", { cause: error });
  if (!(error instanceof AppError)) return undefined;
  const code = SQL_CODES[error.code];
  const { cause, payload } = error;
  return code === undefined
    ? error
    : new AppError(code, error.message, payload === undefined ? { cause } : { cause, payload });
};

/** The body of an error answer. */
export const errorBody = ({ code, message, errors, payload, additional }: AppError) => ({
  error: { code, message, ...(errors && { errors }), ...(payload !== undefined && { payload }), ...additional },
});

/** What a caller is told of an error. One that nobody foresaw is logged under an id, which is all that the caller gets. */
export const explain = (error: unknown, req: Request, log: Logger): AppError => {
  const known = toAppError(error);
  if (known !== undefined && (known.status < 500 || EXPLAINED.includes(known.code))) return known;
  const support = randomUUID();
  log.error({ event: "http.failed", support, method: req.method, path: req.path, err: error }, "a request failed");
  const code = known?.code ?? "generic_error_support";
  const message = `Something failed on our side. Please give this id when you ask for help: ${support}`;
  return new AppError(code, message, { payload: { id: support }, status: known?.status ?? 500 });
};

/** 404 for what no route took, and the shape for everything thrown. */
export const installErrors: Install = (app, { log }) => {
  app.use((req, _res, next) => {
    next(new AppError("not_found", `There is no ${req.method} ${req.path}.`));
  });
  const handle: ErrorRequestHandler = (error, req, res, _next) => {
    const told = explain(error, req, log);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    res.status(told.status).json(errorBody(told));
  };
  app.use(handle);
};
