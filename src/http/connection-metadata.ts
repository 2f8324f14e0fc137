// POST and PATCH /connections/metadata, and the older forms under /connection.
import type { Request, Response } from "express";
import { z } from "zod";
import { setMetadata, updateMetadata } from "../db/connections.ts";
import { AppError } from "../errors.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { ConnectionId, JsonObject, ProviderConfigKey } from "./patterns.ts";
import { type Refusals, readBody, readHeaders, readParams, refuseQuery, translating } from "./validate.ts";

const Body = z.strictObject({
  connection_id: z.union([ConnectionId, z.array(ConnectionId).min(1)]),
  provider_config_key: ProviderConfigKey,
  metadata: JsonObject,
});

const Headers = z.object({ "provider-config-key": ProviderConfigKey });
const Params = z.object({ connectionId: ConnectionId });

const REFUSALS: Refusals = {
  "no such connection": () => new AppError("unknown_connection", undefined, { status: 404 }),
};

/** Metadata of one or many connections: all of them, or with a 404 none. */
export const installConnectionMetadata: Install = (app, { db }) => {
  const many = (write: typeof setMetadata, status: number) => async (req: Request, res: Response) => {
    refuseQuery(req);
    const body = readBody(req, Body);
    const { connection_id: named, provider_config_key: integration, metadata } = body;
    const connections = Array.isArray(named) ? named : [named];
    await translating(REFUSALS, write(db, { environment: environmentOf(res).id, integration, connections, metadata }));
    res.status(status).json(body);
  };
  const one = (write: typeof setMetadata, status: number) => async (req: Request, res: Response) => {
    refuseQuery(req);
    const { connectionId } = readParams(req, Params);
    const { "provider-config-key": integration } = readHeaders(req, Headers);
    const metadata = readBody(req, JsonObject);
    const scope = { environment: environmentOf(res).id, integration, connections: [connectionId] };
    await translating(REFUSALS, write(db, { ...scope, metadata }));
    res.status(status).json(metadata);
  };
  app
    .route(["/connections/metadata", "/connection/metadata"])
    .post(many(setMetadata, 201))
    .patch(many(updateMetadata, 200));
  app.route("/connection/:connectionId/metadata").post(one(setMetadata, 201)).patch(one(updateMetadata, 200));
};
