// POST and PATCH /connections/metadata, and the older forms under /connection.
import { z } from "zod";
import { setMetadata, updateMetadata } from "../../db/connections.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, JsonObject, ProviderConfigKey } from "../patterns.ts";
import { type Refusals, translating } from "../validate.ts";

const ManyBody = z.strictObject({
  connection_id: z.union([ConnectionId, z.array(ConnectionId).min(1)]),
  provider_config_key: ProviderConfigKey,
  metadata: JsonObject,
});

const many = {
  path: "/connections/metadata",
  aliases: ["/connection/metadata"],
  tag: "Connections",
  scope: "connections:update",
  more: "Of all connections named, or with `unknown_connection` of none.",
  body: ManyBody,
  errors: [["unknown_connection", 404]],
} as const;

const one = {
  path: "/connection/:connectionId/metadata",
  deprecated: true,
  tag: "Connections",
  scope: "connections:update",
  params: z.object({ connectionId: ConnectionId }),
  headers: z.object({ "provider-config-key": ProviderConfigKey }),
  // Clients up to 0.36 name the integration twice.
  query: z.strictObject({ provider_config_key: ProviderConfigKey.optional() }),
  body: JsonObject,
  errors: [["unknown_connection", 404]],
} as const;

const REFUSALS: Refusals = {
  "no such connection": () => new AppError("unknown_connection", undefined, { status: 404 }),
};

type Write = typeof setMetadata;

type OfMany = { environment: { id: number }; body: z.output<typeof ManyBody> };
type OfOne = {
  environment: { id: number };
  params: z.output<(typeof one)["params"]>;
  headers: z.output<(typeof one)["headers"]>;
  body: z.output<typeof JsonObject>;
};

/** Metadata of one or many connections: one statement. What was sent comes back. */
export const connectionMetadataEndpoints = ({ db }: HttpDeps): Endpoint[] => {
  const writeMany = (write: Write) => async (asked: OfMany) => {
    const { connection_id: named, provider_config_key: integration, metadata } = asked.body;
    const connections = Array.isArray(named) ? named : [named];
    await translating(REFUSALS, write(db, { environment: asked.environment.id, integration, connections, metadata }));
    return asked.body;
  };
  const writeOne = (write: Write) => async (asked: OfOne) => {
    const { "provider-config-key": integration } = asked.headers;
    const connections = [asked.params.connectionId];
    const named = { environment: asked.environment.id, integration, connections };
    await translating(REFUSALS, write(db, { ...named, metadata: asked.body }));
    return asked.body;
  };
  return [
    endpoint(
      {
        ...many,
        method: "post",
        says: "Replace the metadata of connections",
        client: "setMetadata",
        answers: { 201: { says: "What was sent.", body: ManyBody } },
      },
      writeMany(setMetadata),
    ),
    endpoint(
      {
        ...many,
        method: "patch",
        says: "Merge fields into the metadata of connections",
        client: "updateMetadata",
        answers: { 200: { says: "What was sent.", body: ManyBody } },
      },
      writeMany(updateMetadata),
    ),
    endpoint(
      {
        ...one,
        method: "post",
        says: "Replace the metadata of a connection",
        answers: { 201: { says: "What was sent.", body: JsonObject } },
      },
      writeOne(setMetadata),
    ),
    endpoint(
      {
        ...one,
        method: "patch",
        says: "Merge fields into the metadata of a connection",
        answers: { 200: { says: "What was sent.", body: JsonObject } },
      },
      writeOne(updateMetadata),
    ),
  ];
};
