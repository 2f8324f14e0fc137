// From descriptions to routes: who calls, then the doors in the order query, path, headers, body, then the handler.
import type { Express, Request, RequestHandler, Response } from "express";
import { z } from "zod";
import { actingFor } from "../db/actor.ts";
import { actorOf } from "./access/actor.ts";
import type { CallerCheck } from "./access/auth.ts";
import { callerOf, environmentOf } from "./access/caller.ts";
import { checkContentType, readJson } from "./body.ts";
import type { Endpoint, Handle, Spec } from "./endpoint.ts";
import { readBody, readHeaders, readParams, readQuery } from "./validate.ts";

const BODY_LIMIT = 2 * 1024 * 1024; // what an endpoint lets through that says nothing else

const Nothing = z.strictObject({});

const authorise =
  (spec: Spec, checkCaller: CallerCheck): RequestHandler =>
  async (req, res, next) => {
    await checkCaller(req, res, spec);
    if (req.headers.expect !== undefined) res.writeContinue(); // now the body may come
    next();
  };

/** True when what an endpoint does is ascribed to its caller. */
const isAudited = ({ method, audited, unaudited }: Spec): boolean =>
  method === "get" ? audited === true : unaudited === undefined;

const asCaller = (spec: Spec, req: Request, res: Response, work: () => unknown): unknown => {
  const actor = isAudited(spec) ? actorOf(req, res) : undefined;
  return actor === undefined ? work() : actingFor(actor, work);
};

const answer =
  (spec: Spec, handle: Handle): RequestHandler =>
  async (req, res) => {
    const { query = Nothing, params, headers, body, raw, answers } = spec;
    const asked = {
      environment: environmentOf(res),
      caller: callerOf(res),
      query: raw ? undefined : readQuery(req, query),
      params: params && readParams(req, params),
      headers: headers && readHeaders(req, headers),
      body: body && readBody(req, body),
      req,
      res,
    };
    const [status] = Object.keys(answers);
    res.status(Number(status));
    const given = await asCaller(spec, req, res, () => handle(asked as unknown as Parameters<Handle>[0]));
    if (res.headersSent || res.writableEnded) return;
    if (given === undefined) res.end();
    else res.json(given);
  };

/** Adds the routes of the endpoints, in their order. */
export const serveEndpoints = (app: Express, endpoints: Endpoint[], checkCaller: CallerCheck): void => {
  for (const { spec, handle } of endpoints) {
    const { path, aliases = [], raw, body, bodyLimit = BODY_LIMIT } = spec;
    const parse = raw ? [] : [checkContentType, ...(body === undefined ? [] : [readJson(bodyLimit)])];
    app[spec.method]([path, ...aliases], authorise(spec, checkCaller), ...parse, answer(spec, handle));
  }
};
