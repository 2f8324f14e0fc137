// POST /graphql: the key is checked here as for every endpoint; what it may see is decided by row-level security.
import type { Express } from "express";
import type { Graphql } from "../graphql/graphql.ts";
import type { GraphqlRequest } from "../graphql/request.ts";
import type { CallerCheck } from "./access/auth.ts";
import { environmentOf } from "./access/caller.ts";

/** Adds the GraphQL endpoint. */
export const installGraphql = (app: Express, graphql: Graphql, checkCaller: CallerCheck): void => {
  app.post("/graphql", async (req, res) => {
    await checkCaller(req, res, { scope: "graphql:read" });
    const request = Object.assign(req, {
      graphql: { environment: environmentOf(res).id },
    }) as unknown as GraphqlRequest;
    await graphql.answer(request, res);
  });
};
