// GET /oauth/client-metadata/:environmentUuid/:providerConfigKey: what an MCP server reads about us where the client's id is this
// very address (client id metadata document). It holds nothing that is secret.
import { z } from "zod";
import { clientMetadata } from "../../auth/flow/mcp.ts";
import { findWebhookTargets } from "../../db/inbox.ts";
import { AppError } from "../../errors.ts";
import { baseUrl } from "../base-url.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ProviderConfigKey } from "../patterns.ts";
import { redirectUriOf } from "./connect.ts";

const Params = z.object({ environmentUuid: z.guid(), providerConfigKey: ProviderConfigKey });

const Document = z
  .strictObject({
    client_id: z.string().meta({ description: "The address of this document." }),
    client_name: z.string(),
    client_uri: z.string(),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    response_types: z.array(z.string()),
    token_endpoint_auth_method: z.string(),
  })
  .meta({ id: "ClientMetadata" });

/** The document of each integration with an MCP server. */
export const clientMetadataEndpoints = (deps: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/oauth/client-metadata/:environmentUuid/:providerConfigKey",
      tag: "Connect",
      says: "What our client is, for MCP servers",
      access: "open",
      params: Params,
      answers: { 200: { says: "The client id metadata document.", body: Document } },
      errors: ["not_found"],
    },
    async ({ params: { environmentUuid, providerConfigKey }, req }) => {
      const [found] = await findWebhookTargets(deps.db, {
        environments: [environmentUuid],
        keys: [providerConfigKey],
      });
      const mode = deps.catalogue.get(found?.provider ?? "")?.auth_mode;
      if (!mode?.startsWith("MCP_OAUTH2")) throw new AppError("not_found");
      const base = baseUrl(req, deps.access?.publicUrl);
      const path = `/oauth/client-metadata/${environmentUuid}/${encodeURIComponent(providerConfigKey)}`;
      return { client_id: base + path, client_uri: base, ...clientMetadata(redirectUriOf(req, deps)) };
    },
  ),
];
