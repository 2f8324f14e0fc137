// What a request brings along: whoever let it in has checked its key and says which environment that acts for.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Actor } from "../db/actor.ts";

/** Whose data a request is about, and whether its key may change something. */
export type Asker = {
  environment: number;
  mayWrite: boolean;
  /** Who asks, for the audit log. */
  actor?: Actor | undefined;
};

/** A request with what is known of its key and, over HTTP, its body as JSON. */
export type GraphqlRequest = IncomingMessage & { graphql: Asker & { body?: unknown } };

/** What grafserv hands to plans: an operation came as a request of its own, or over what once was one. */
export type RequestContext = { node?: { req: GraphqlRequest; res: ServerResponse }; ws?: { request: GraphqlRequest } };

/** The request by which an operation came. */
export const requestOf = (context: RequestContext): GraphqlRequest => (context.node?.req ?? context.ws?.request)!;

declare global {
  namespace Grafast {
    interface Context {
      /** The environment (its number) that the request's key acts for. */
      environment: number;
    }
  }
}
