// What the API needs from outside, handed to every install function.
import type { Express } from "express";
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Pool } from "../db/pool.ts";
import type { Graphql } from "../graphql/graphql.ts";
import type { Logger } from "../log.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import type { Executor } from "../runs/executor.ts";
import type { FlowSockets } from "./oauth/sockets.ts";

/** How the API is reached and guarded; by default nothing is limited and no account key is known. */
export type AccessSettings = {
  /** The key that makes and deletes environments. */
  accountKey?: string | undefined;
  /** How often a key may call; also slows down who guesses keys. */
  requestsPerMinute?: number | undefined;
  /** How many proxies before us say truly where a request comes from. */
  trustedProxies?: number | undefined;
  /** Where people reach the server; otherwise what the request was sent to. */
  publicUrl?: string | undefined;
  /** Which pages may open the connect page in a frame; any, unless it is said. */
  connectOrigins?: string[] | undefined;
  /** Callers of the proxy may not send a connection's credentials to other hosts than its provider's. */
  refusesBaseUrls?: boolean | undefined;
};

export type HttpDeps = {
  db: Pool;
  keys: DataKeys;
  catalogue: Catalogue;
  log: Logger;
  /** True once migrated and working; `/ready` says so. */
  ready: () => boolean;
  access?: AccessSettings | undefined;
  graphql: Graphql;
  /** Who waits to hear how an end user's connecting ended. */
  flowSockets: FlowSockets;
  /** Whether people may try GraphQL on a page; by default not. */
  explorer?: boolean | undefined;
  /** Runs functions in this process while a request waits, passes requests on, and keeps the log. */
  runs: Pick<
    Executor,
    | "runAction"
    | "actions"
    | "runEvent"
    | "dryRun"
    | "forward"
    | "auth"
    | "checkHost"
    | "testWebhooks"
    | "logs"
    | "fetchKeys"
  >;
};

/** Adds routes to the app. */
export type Install = (app: Express, deps: HttpDeps) => void;
