// GraphQL over HTTP: a request whose key was checked is answered by the schema of the key's environment.
// PostGraphile (128 MB, half a second) is loaded with the first request: workers and commands never need it.
import type { ServerResponse } from "node:http";
import type { DataKeys } from "../crypto/data-keys.ts";
import { createPool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import type { EventStreamAsked } from "./live/event-streams.ts";
import type { Upgrade } from "./live/sockets.ts";
import { readOperations } from "./operations.ts";
import type { GraphqlRequest } from "./request.ts";

export type Graphql = {
  /** Answer a request whose key was checked. */
  answer: (request: GraphqlRequest, response: ServerResponse) => Promise<void>;
  /** Answer a request whose key was checked with an event stream. */
  stream: (asked: EventStreamAsked) => Promise<void>;
  /** Make a WebSocket of a request; its key may still have to be checked. */
  upgrade: (asked: Upgrade) => Promise<void>;
  /** End what lasts, sockets and event streams; queries are still answered. */
  hangUp: () => Promise<void>;
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
  /** How often connections that last are looked after. */
  beatMs?: number | undefined;
};

export type GraphqlDeps = {
  url: string;
  keys: DataKeys;
  catalogue: Catalogue;
  log: Logger;
  settings?: GraphqlSettings | undefined;
};

const CONNECTIONS = 10;
const STATEMENT_TIMEOUT_MS = 10_000;

/** The GraphQL door. Nothing is loaded before the first request. Throws `invalid_settings`. */
export const createGraphql = ({ url, keys, catalogue, log, settings = {} }: GraphqlDeps): Graphql => {
  const operations = readOperations(settings.operations);
  // A pool of its own: however dear the queries that people write, the REST API and runs keep their connections.
  const pool = createPool({
    url,
    max: CONNECTIONS,
    applicationName: `syncline graphql ${process.pid}`,
    statementTimeoutMs: settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    log,
  });
  let loaded: ReturnType<typeof load> | undefined;

  const load = async () => {
    const [{ createGuarded }, { createLive }] = await Promise.all([import("./guarded.ts"), import("./live/live.ts")]);
    const live = createLive({ url, keys, log, beatMs: settings.beatMs });
    const guarded = await createGuarded({ pool, url, catalogue, keys, log, operations, settings, live: live.plugin });
    const close = async (): Promise<void> => {
      await live.close();
      await guarded.close();
    };
    return { ...guarded, live: live.open(guarded.of), hangUp: live.hangUp, close };
  };
  const ready = (): ReturnType<typeof load> => {
    loaded ??= load().catch((error) => {
      loaded = undefined; // the next request tries anew
      throw error;
    });
    return loaded;
  };

  let closing: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await (await loaded)?.close();
    await pool.end();
  };

  return {
    answer: async (request, response) => {
      const { of, answer } = await ready();
      const server = await of(request.graphql);
      await answer(server, request, response);
    },
    stream: async (asked) => await (await ready()).live.answer(asked),
    upgrade: async (asked) => (await ready()).live.upgrade(asked),
    hangUp: async () => await (await loaded)?.hangUp(),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
};
