// GraphQL over HTTP: a request whose key was checked is answered by the schema of the key's environment.
// PostGraphile (128 MB, half a second) is loaded with the first request: workers and commands never need it.
import type { ServerResponse } from "node:http";
import type { DataKeys } from "../crypto/data-keys.ts";
import { createPool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { Guarded } from "./guarded.ts";
import { readOperations } from "./operations.ts";
import type { GraphqlRequest } from "./request.ts";

export type Graphql = {
  /** Answer a request whose key was checked. */
  answer: (request: GraphqlRequest, response: ServerResponse) => Promise<void>;
  close: () => Promise<void>;
};

/** What an operator decides; by default the schema shows itself and everything may be asked. */
export type GraphqlSettings = {
  introspection?: boolean | undefined;
  /** A file or folder of the operations that may be run, and no others. */
  operations?: string | undefined;
  maxDepth?: number | undefined;
  maxCost?: number | undefined;
  /** How long the database may take for one statement of a query. */
  statementTimeoutMs?: number | undefined;
};

export type GraphqlDeps = { url: string; keys: DataKeys; log: Logger; settings?: GraphqlSettings | undefined };

const CONNECTIONS = 10;
const STATEMENT_TIMEOUT_MS = 10_000;

/** The GraphQL door. Nothing is loaded before the first request. Throws `invalid_settings`. */
export const createGraphql = ({ url, log, settings = {} }: GraphqlDeps): Graphql => {
  const operations = readOperations(settings.operations);
  // A pool of its own: however dear the queries that people write, the REST API and runs keep their connections.
  const pool = createPool({
    url,
    max: CONNECTIONS,
    applicationName: `syncline graphql ${process.pid}`,
    statementTimeoutMs: settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    log,
  });
  let served: Promise<Guarded> | undefined;

  const load = async (): Promise<Guarded> => {
    const { createGuarded } = await import("./guarded.ts");
    return await createGuarded({ pool, log, operations, settings });
  };

  return {
    answer: async (request, response) => {
      served ??= load().catch((error) => {
        served = undefined; // the next request tries anew
        throw error;
      });
      const { of, answer } = await served;
      const server = await of(request.graphql);
      await answer(server, request, response);
    },
    close: async () => {
      await (await served)?.close();
      await pool.end();
    },
  };
};
