// /graphql: the key is checked here as for every endpoint; what it may see is decided by row-level security. A POST asks for
// an answer or, when it accepts text/event-stream, for a stream of them; a GET that asks for a WebSocket becomes one.
// Failures have GraphQL's shape, whoever finds them.
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import { AppError } from "../errors.ts";
import { LIMITS } from "../graphql/limits/limits.ts";
import type { Admit } from "../graphql/live/admission.ts";
import type { Asker, GraphqlRequest } from "../graphql/request.ts";
import type { CallerCheck } from "./access/auth.ts";
import { callerOf, environmentOf } from "./access/caller.ts";
import { covers } from "./access/scopes.ts";
import { checkContentType, readJson } from "./body.ts";
import type { HttpDeps } from "./deps.ts";
import { explain } from "./errors.ts";
import { isUpgrade, takeSocket } from "./upgrade.ts";

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

const wantsEvents = (req: Request): boolean => (req.get("accept") ?? "").includes("text/event-stream");

const NOBODY: Asker = { environment: 0, mayWrite: false };

const keyOf = (res: Response): number => {
  const caller = callerOf(res);
  return caller?.kind === "environment" ? caller.key : 0;
};

const askerOf = (req: Request, res: Response): Asker => {
  const { id, scopes } = environmentOf(res);
  const actor = { kind: "graphql", id: String(keyOf(res)), ip: req.ip } as const;
  return { environment: id, mayWrite: covers(scopes, "environment:graphql:write"), actor };
};

const asGraphql = (req: Request, asker: Asker): GraphqlRequest =>
  Object.assign(req, { graphql: { ...asker, body: req.body as unknown } }) as unknown as GraphqlRequest;

/** Adds the GraphQL endpoint. */
export const installGraphql = (app: Express, { graphql, log }: HttpDeps, checkCaller: CallerCheck): void => {
  const admitFor =
    (req: Request, res: Response): Admit =>
    async (authorization) => {
      if (authorization !== undefined) req.headers.authorization = authorization;
      await checkCaller(req, res, { scope: "graphql:read" });
      return { ...askerOf(req, res), key: keyOf(res) };
    };
  const upgrade: RequestHandler = async (req, res, next) => {
    const admit = admitFor(req, res);
    // A browser brings its key later, in the connection's parameters.
    if (isUpgrade(req) && req.headers.authorization !== undefined) await admit();
    const taken = takeSocket(req, res);
    if (taken === undefined) return next();
    await graphql.upgrade({ ...taken, request: asGraphql(req, NOBODY), admit }).catch((err) => {
      log.error({ event: "live.failed", err }, "a request could not become a socket");
      taken.socket.destroy();
    });
  };
  const answer: RequestHandler = async (req, res) => {
    const request = asGraphql(req, askerOf(req, res));
    const admit = admitFor(req, res);
    if (wantsEvents(req)) await graphql.stream({ request, response: res, key: keyOf(res), admit });
    else await graphql.answer(request, res);
  };
  const check: RequestHandler = async (req, res, next) => {
    await admitFor(req, res)();
    next();
  };
  app.get(PATH, upgrade);
  app.all(PATH, onlyPost, check, needsJson, checkContentType, readJson(LIMITS.bodyBytes), answer);
  app.use(PATH, inGraphqlShape({ log }));
};
