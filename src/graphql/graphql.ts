// GraphQL over HTTP: a request whose key was checked is answered by the schema of the key's environment.
// PostGraphile (128 MB, half a second) is loaded with the first request: workers and commands never need it.
import type { ServerResponse } from "node:http";
import type { DataKeys } from "../crypto/data-keys.ts";
import { createPool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { GraphqlRequest } from "./request.ts";
import type { Served } from "./served.ts";

export type Graphql = {
  /** Answer a request whose key was checked. */
  answer: (request: GraphqlRequest, response: ServerResponse) => Promise<void>;
  close: () => Promise<void>;
};

export type GraphqlDeps = { url: string; keys: DataKeys; log: Logger };

const CONNECTIONS = 10;
const STATEMENT_TIMEOUT_MS = 10_000;

/** The GraphQL door. Nothing is loaded or read before the first request. */
export const createGraphql = ({ url, log }: GraphqlDeps): Graphql => {
  // A pool of its own: however dear the queries that people write, the REST API and runs keep their connections.
  const pool = createPool({
    url,
    max: CONNECTIONS,
    applicationName: `syncline graphql ${process.pid}`,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    log,
  });
  let served: Promise<Served> | undefined;

  const load = async (): Promise<Served> => {
    const { createServed } = await import("./served.ts");
    return await createServed({ pool });
  };

  return {
    answer: async (request, response) => {
      served ??= load().catch((error) => {
        served = undefined; // the next request tries anew
        throw error;
      });
      const server = await (await served).of(request.graphql.environment);
      await new Promise<void>((resolve, reject) => {
        response.once("close", resolve);
        server.createHandler()(request, response, (error) => (error === undefined ? resolve() : reject(error)));
      });
    },
    close: async () => {
      await (await served)?.close();
      await pool.end();
    },
  };
};
