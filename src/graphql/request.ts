// What a request brings along: whoever let it in has checked its key and says which environment that acts for.
import type { IncomingMessage, ServerResponse } from "node:http";

/** A request with the environment its key acts for and, over HTTP, its body as JSON. */
export type GraphqlRequest = IncomingMessage & { graphql: { environment: number; body?: unknown } };

/** What grafserv hands to plans. */
export type RequestContext = { node: { req: GraphqlRequest; res: ServerResponse } };

declare global {
  namespace Grafast {
    interface Context {
      /** The environment (its number) that the request's key acts for. */
      environment: number;
    }
  }
}
