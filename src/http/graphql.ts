// POST /graphql: the key is checked here as for every endpoint; what it may see is decided by row-level security.
// Failures have GraphQL's shape, whoever finds them.
import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import { AppError } from "../errors.ts";
import { LIMITS } from "../graphql/limits/limits.ts";
import type { GraphqlRequest } from "../graphql/request.ts";
import type { CallerCheck } from "./access/auth.ts";
import { environmentOf } from "./access/caller.ts";
import { covers } from "./access/scopes.ts";
import { checkContentType, readJson } from "./body.ts";
import type { HttpDeps } from "./deps.ts";
import { explain } from "./errors.ts";

const PATH = "/graphql";

const onlyPost: RequestHandler = (req, res, next) => {
  if (req.method === "POST") return next();
  res.set("Allow", "POST");
  throw new AppError("method_not_allowed", `Ask with POST: ${req.method} is not taken, so that no link can ask.`);
};

const needsJson: RequestHandler = (req, _res, next) => {
  if (req.get("content-type") === undefined) throw new AppError("invalid_content_type");
  next();
};

const inGraphqlShape =
  ({ log }: Pick<HttpDeps, "log">): ErrorRequestHandler =>
  (error, req, res, _next) => {
    const { status, code, message, payload } = explain(error, req, log);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    res.status(status).json({ errors: [{ message, extensions: { code, ...(payload !== undefined && { payload }) } }] });
  };

/** Adds the GraphQL endpoint. */
export const installGraphql = (app: Express, { graphql, log }: HttpDeps, checkCaller: CallerCheck): void => {
  const answer: RequestHandler = async (req, res) => {
    const { id: environment, scopes } = environmentOf(res);
    const asked = { environment, mayWrite: covers(scopes, "environment:graphql:write"), body: req.body as unknown };
    await graphql.answer(Object.assign(req, { graphql: asked }) as unknown as GraphqlRequest, res);
  };
  const check: RequestHandler = async (req, res, next) => {
    await checkCaller(req, res, { scope: "graphql:read" });
    next();
  };
  app.all(PATH, onlyPost, check, needsJson, checkContentType, readJson(LIMITS.bodyBytes), answer);
  app.use(PATH, inGraphqlShape({ log }));
};
