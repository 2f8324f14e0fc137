// What comes over a socket or as a request for an event stream, made ready and run as grafserv would: by its rules and with
// the plugins of its preset.
import { isAsyncIterable } from "postgraphile/grafast";
import { makeGraphQLWSConfig } from "postgraphile/grafserv";
import type { NodeGrafserv } from "postgraphile/grafserv/node";
import { type ExecutionArgs, type ExecutionResult, type GraphQLError, getOperationAST } from "postgraphile/graphql";
import type { GraphqlRequest } from "../request.ts";
import { createPace, paced } from "./pace.ts";

export type Prepared = ExecutionArgs & {
  contextValue: Grafast.Context;
  resolvedPreset: GraphileConfig.ResolvedPreset;
  run: () => Promise<Outcome>;
};

export type Outcome = ExecutionResult | AsyncIterableIterator<ExecutionResult>;

/** True for a result that comes in parts. */
export const isStream = (outcome: Outcome): outcome is AsyncIterableIterator<ExecutionResult> =>
  isAsyncIterable(outcome);

// The time that an operation may take is for those that end: a subscription's events would all be late after it.
const withoutEnd = (preset: GraphileConfig.ResolvedPreset): GraphileConfig.ResolvedPreset => {
  const { execution: _execution, ...timeouts } = preset.grafast?.timeouts ?? {};
  return { ...preset, grafast: { ...preset.grafast, timeouts } };
};

/** What makes ready the operations for an environment; they run on the schema that `server` has when they come. */
export const createOperations = (server: NodeGrafserv) => {
  const config = makeGraphQLWSConfig(server);

  const run = async (args: Prepared, isSubscription: boolean): Promise<Outcome> => {
    const work = isSubscription ? config.subscribe! : config.execute!;
    const outcome = (await work(args as never)) as Outcome;
    return isStream(outcome) ? paced(outcome, args.contextValue.pace!) : outcome;
  };

  /** What runs it, or why it is not run. */
  const prepare = async (asked: {
    request: GraphqlRequest;
    payload: unknown;
    id: string;
    connectionParams?: unknown;
  }): Promise<Prepared | readonly GraphQLError[]> => {
    const { request, payload, id, connectionParams } = asked;
    const ctx = { extra: { request, socket: undefined }, connectionParams };
    const args = (await config.onSubscribe!(ctx as never, id, payload as never)) as Prepared | readonly GraphQLError[];
    if (!("document" in args)) return args;
    const isSubscription = getOperationAST(args.document, args.operationName)?.operation === "subscription";
    if (isSubscription) args.resolvedPreset = withoutEnd(args.resolvedPreset);
    args.contextValue.pace = createPace();
    return Object.assign(args, { run: () => run(args, isSubscription) });
  };

  /** Errors as the client may see them. */
  const maskAll = (errors: readonly GraphQLError[]) =>
    config.onError!({} as never, "", {} as never, errors) as readonly GraphQLError[];

  const masked = <T extends { errors?: readonly GraphQLError[] }>(result: T): T =>
    result.errors === undefined ? result : { ...result, errors: maskAll(result.errors) };

  return { prepare, masked, maskAll };
};

export type Operations = ReturnType<typeof createOperations>;
