// One request over HTTP: through the gate, then planned and run. What is refused is answered 400 whatever media type the
// client accepts, so that nobody takes it for data.
import type { ServerResponse } from "node:http";
import { execute, hookArgs, isPromiseLike, stringifyPayload } from "postgraphile/grafast";
import type { NodeGrafserv } from "postgraphile/grafserv/node";
import type { ExecutionArgs, ExecutionResult } from "postgraphile/graphql";
import { AppError } from "../errors.ts";
import type { Mask } from "./errors.ts";
import type { Gate } from "./limits/gate.ts";
import type { Variables } from "./limits/pages.ts";
import type { Asked, Operations } from "./operations.ts";
import type { GraphqlRequest } from "./request.ts";

type Deps = { gate: Gate; operations: Operations; mask: Mask };

/** What a request asks for, its shape checked. */
export type Body = { query: string; operationName: string | null; variables: Variables | null };

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The operation that a body asks for. Throws `invalid_body` and `operation_not_allowed`. */
export const readBody = (body: unknown, operations: Operations): Body => {
  const refusal = (message: string) => new AppError("invalid_body", message);
  if (Array.isArray(body)) throw refusal("Batches are not taken: send one operation a request.");
  if (!isObject(body)) throw refusal("The body is no object with a query.");
  const { operationName = null, variables = null } = body as Partial<Body>;
  if (operationName !== null && typeof operationName !== "string") throw refusal("operationName is no text.");
  if (variables !== null && !isObject(variables)) throw refusal("variables is no object.");
  const query = operations.queryOf(body as Asked);
  if (typeof query !== "string") throw refusal("The body has no query, or it is no text.");
  return { query, operationName, variables };
};

const mediaType = (accept = "*/*"): string =>
  accept.includes("application/json") && !accept.includes("graphql-response+json")
    ? "application/json; charset=utf-8"
    : "application/graphql-response+json; charset=utf-8";

const send = (request: GraphqlRequest, response: ServerResponse, status: number, payload: ExecutionResult): void => {
  const text = stringifyPayload(payload as Parameters<typeof stringifyPayload>[0], false);
  response.writeHead(status, {
    "content-type": mediaType(request.headers.accept),
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
};

/** Plan and run what the gate let through; errors are masked. */
const run = async (args: ExecutionArgs, mask: Mask): Promise<ExecutionResult> => {
  const hooked = await hookArgs({ ...args, contextValue: {} });
  const running = execute(hooked);
  const result = isPromiseLike(running) ? await running : running;
  if (Symbol.asyncIterator in result) {
    await result[Symbol.asyncIterator]().return?.();
    throw new AppError(
      "query_invalid",
      "Subscriptions are asked for over a WebSocket or with Accept: text/event-stream.",
    );
  }
  const { errors, ...rest } = result as ExecutionResult;
  return errors === undefined ? rest : { ...rest, errors: errors.map(mask) };
};

/** Answers requests whose key was checked and whose body was read. Rejects with AppError, or what nobody foresaw. */
export const createAnswer =
  (deps: Deps) =>
  async (server: NodeGrafserv, request: GraphqlRequest, response: ServerResponse): Promise<void> => {
    const { gate, operations, mask } = deps;
    const { query, operationName, variables } = readBody(request.graphql.body, operations);
    const schema = await server.getSchema();
    const checked = gate.check(schema, query);
    if (checked.errors !== undefined) return send(request, response, 400, checked);
    const { document } = checked;
    const variableValues = gate.admit(schema, { document, operationName, variables });
    const requestContext = { node: { req: request, res: response } };
    const resolvedPreset = server.getPreset();
    const args = { schema, document, operationName, variableValues, resolvedPreset, requestContext };
    const result = await run(args, mask);
    send(request, response, result.data === undefined ? 400 : 200, result);
  };
