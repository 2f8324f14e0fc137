// Errors as GraphQL shows them: {"message", "extensions": {"code", …}}. Ours come through; of everything else a caller
// learns no more than an id, which the log has as well.
import { randomUUID } from "node:crypto";
import { isSafeError } from "postgraphile/grafast";
import { GraphQLError } from "postgraphile/graphql";
import { translateError } from "../db/fn.ts";
import { AppError, type Code } from "../errors.ts";
import type { Logger } from "../log.ts";

const MOST_CHARACTERS = 1_000; // an error that quotes what was sent shall not send it all back

// Of the statuses from 500 on, these are ours to explain.
const EXPLAINED: Code[] = ["not_implemented", "execution_environment_unavailable", "timeout"];

const QUERY_CANCELLED = "57014";
const DATA_EXCEPTION = /^22...$/;

/** One of ours as GraphQL shows it. */
export const toGraphqlError = ({ code, message, payload, errors }: AppError): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code, ...(payload !== undefined && { payload }), ...(errors && { errors }) },
  });

/** A message without what it suggests: that would show the names of a schema to who may not read it. */
const withoutSuggestion = (message: string): string => {
  const plain = message.replace(/ ?Did you mean .*$/s, "");
  return plain.length > MOST_CHARACTERS ? `${plain.slice(0, MOST_CHARACTERS)} …` : plain;
};

const at = ({ nodes, source, positions, path }: GraphQLError, { message, extensions }: GraphQLError): GraphQLError =>
  new GraphQLError(message, { nodes, source, positions, path, extensions });

/** What a document or its variables got wrong; a code that it has stays. */
export const invalidQuery = (error: GraphQLError, code: Code = "query_invalid"): GraphQLError =>
  at(error, new GraphQLError(withoutSuggestion(error.message), { extensions: { code, ...error.extensions } }));

const isKnown = ({ status, code }: AppError): boolean => status < 500 || EXPLAINED.includes(code);

const toAppError = (cause: unknown): AppError | undefined => {
  const error = translateError(cause);
  if (error instanceof AppError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === QUERY_CANCELLED) {
    const how = "Ask for smaller pages (first), fewer relations, or narrower filters.";
    return new AppError("timeout", `The database took too long for this query. ${how}`, { cause });
  }
  if (DATA_EXCEPTION.test(code))
    return new AppError("query_invalid", "An argument has a value that its type cannot have.", { cause });
  return undefined;
};

/** What becomes of an error that a field ends with. */
export type Mask = (error: GraphQLError) => GraphQLError;

/** Ours as they are, everything else logged and shown under an id. */
export const createMask =
  (log: Logger): Mask =>
  (error) => {
    const cause = error.originalError;
    if (cause === undefined || cause === null) return error.extensions.code === undefined ? invalidQuery(error) : error;
    if (cause instanceof GraphQLError && cause.originalError === undefined) return at(error, invalidQuery(cause));
    const known = toAppError(cause);
    if (known !== undefined && isKnown(known)) return at(error, toGraphqlError(known));
    if (isSafeError(cause)) return invalidQuery(error);
    const id = randomUUID();
    log.error({ event: "graphql.failed", support: id, path: error.path?.join("."), err: cause }, "a field failed");
    const message = `Something failed on our side. Please give this id when you ask for help: ${id}`;
    return at(error, toGraphqlError(new AppError("generic_error_support", message, { payload: { id } })));
  };
