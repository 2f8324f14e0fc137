// Puts the gate before whatever grafserv runs, over HTTP and over sockets, and bounds what it remembers.
import type {} from "postgraphile/grafserv"; // its options
import type { Operations } from "../operations.ts";
import type { Gate } from "./gate.ts";

// The largest plans take megabytes each: of 190 relations, a flood of different ones, 1.6 GB were kept. Grafast keeps 500 a schema.
const MOST_PLANS = 30;
const MOST_PLANS_OF_ONE = 5; // an operation has several when @skip and @include depend on variables

/** The plugin that holds requests to the limits and, where there is a list, to the operations on it. */
export const createLimitsPlugin = ({
  gate,
  operations,
}: {
  gate: Gate;
  operations: Operations;
}): GraphileConfig.Plugin => ({
  name: "SynclineLimitsPlugin",
  schema: {
    hooks: {
      GraphQLSchema: (config) => ({
        ...config,
        extensions: {
          ...config.extensions,
          grafast: {
            ...config.extensions?.grafast,
            operationsCacheMaxLength: MOST_PLANS,
            operationOperationPlansCacheMaxLength: MOST_PLANS_OF_ONE,
          },
        },
      }),
    },
  },
  grafserv: {
    middleware: {
      setPreset(next, options) {
        const configOf = options.getExecutionConfig;
        options.getExecutionConfig = async function checked(context) {
          const config = await configOf.call(this, context);
          return { ...config, parseAndValidate: (query) => gate.check(config.schema, query) };
        };
        return next();
      },
      processGraphQLRequestBody(next, { body }) {
        body.query = operations.queryOf(body);
        return next();
      },
    },
  },
  grafast: {
    middleware: {
      prepareArgs(next, { args }) {
        const { schema, document, operationName, variableValues } = args;
        args.variableValues = gate.admit(schema, { document, operationName, variables: variableValues });
        return next();
      },
    },
  },
});
