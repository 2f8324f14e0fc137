// Requests that succeed for the environment they are about, where the document alone does not lead to one: it cannot know
// ids, code, or which members go together.
import type { Request } from "./fuzz-request.ts";
import { headersOf, type Ids } from "./tenancy-world.ts";

type Example = { path: string; body?: unknown; headers?: Request["headers"]; bearer?: string };

const pair = { provider_config_key: "crm", connection_id: "one" };
const JSON_BODY = { "content-type": "application/json" };
const API_KEY = { type: "API_KEY", apiKey: "k" };
const bundle = { reconciliationScope: { kind: "environment" }, functions: [] };
const published = { flowConfigs: [], onEventScriptsByProvider: [], reconcile: false, debug: false };

const CODE = `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "Nothing", version: "1.0.0", input: z.unknown(), output: z.unknown(), exec: async () => null,
});`.trim();

const PROXY = { headers: headersOf };
const rpc = (method: string, params: object = {}) => ({
  path: "/mcp",
  headers: { ...headersOf, ...JSON_BODY, accept: "application/json, text/event-stream" },
  body: { jsonrpc: "2.0", id: 1, method, params },
});

const proxied = Object.fromEntries(
  ["get", "post", "put", "patch", "delete"].flatMap((verb): [string, () => Example[]][] => [
    [`${verb} /proxy/{path}`, () => [{ path: "/proxy/things", ...PROXY }]],
    [`${verb} /proxy`, () => [{ path: "/proxy", ...PROXY }]],
  ]),
);

/** By operation. `ids` are those of the environment that is asked about. */
export const EXAMPLES: { readonly [operation: string]: (ids: Ids) => Example[] } = {
  ...proxied,
  "get /export/connections": () => [{ path: "/export/connections" }],
  "post /import/connections": () => [
    {
      path: "/import/connections",
      body: {
        ...pair,
        connection_id: "imported",
        auth_mode: "API_KEY",
        credentials: API_KEY,
        connection_config: {},
        metadata: {},
        tags: {},
        end_user: null,
        webhook_url_override: null,
      },
    },
  ],
  "get /records": ({ cursor }) => [
    { path: "/records?model=Contact", headers: headersOf },
    { path: `/records?model=Contact&cursor=${encodeURIComponent(cursor)}`, headers: headersOf },
  ],
  "patch /records/prune": ({ cursor }) => [
    { path: "/records/prune", headers: headersOf, body: { model: "Contact", until_cursor: cursor } },
  ],
  "get /action/{id}": ({ action }) => [{ path: `/action/${action}` }],
  "post /action/trigger": () => [
    { path: "/action/trigger", headers: headersOf, body: { action_name: "echo" } },
    {
      path: "/action/trigger",
      headers: { ...headersOf, "x-async": "true", "idempotency-key": "same" },
      body: { action_name: "echo" },
    },
  ],
  "post /mcp": () => [rpc("tools/list"), rpc("tools/call", { name: "echo", arguments: {} })],
  "post /sync/trigger": () => [{ path: "/sync/trigger", body: { ...pair, syncs: ["contacts"] } }],
  "post /connections": () => [{ path: "/connections", body: { ...pair, credentials: API_KEY } }],
  "post /connection": () => [{ path: "/connection", body: { ...pair, api_key: "k" } }],
  "patch /connections/{connectionId}": () => [{ path: "/connections/one?provider_config_key=crm", body: { tags: {} } }],
  "patch /connection/{connectionId}": () => [{ path: "/connection/one?provider_config_key=crm", body: { tags: {} } }],
  "post /sync/deploy/confirmation": () => [{ path: "/sync/deploy/confirmation", body: published }],
  "post /sync/deploy": () => [{ path: "/sync/deploy", body: { ...published, nangoYamlBody: "" } }],
  "post /sync/deploy/internal": ({ name }) => [
    { path: `/sync/deploy/internal?customEnvironment=${name}`, body: { ...published, nangoYamlBody: "" } },
  ],
  "post /connection/{connectionId}/metadata": () => [
    {
      path: "/connection/one/metadata?provider_config_key=crm",
      headers: { "provider-config-key": "crm" },
      body: { a: 1 },
    },
  ],
  "patch /connection/{connectionId}/metadata": () => [
    {
      path: "/connection/one/metadata?provider_config_key=crm",
      headers: { "provider-config-key": "crm" },
      body: { a: 1 },
    },
  ],
  "get /connections/{connectionId}": () => [{ path: "/connections/one?provider_config_key=crm&refresh_token=true" }],
  "delete /connections/{connectionId}": () => [{ path: "/connections/one-gone?provider_config_key=crm" }],
  "delete /connection/{connectionId}": () => [{ path: "/connection/two-gone?provider_config_key=crm" }],
  "post /integrations": () => [{ path: "/integrations", body: { provider: "acme", unique_key: "another" } }],
  "patch /integrations/{uniqueKey}": () => [{ path: "/integrations/crm", body: { display_name: "x" } }],
  "get /integrations/{uniqueKey}": () => [{ path: "/integrations/crm?include=credentials&include=webhook" }],
  "delete /integrations/{uniqueKey}": () => [{ path: "/integrations/crm-gone" }],
  "get /integrations/{uniqueKey}/functions/{name}": () => [{ path: "/integrations/crm/functions/echo" }],
  "get /integrations/{uniqueKey}/functions/{name}/code": () => [{ path: "/integrations/crm/functions/echo/code" }],
  "delete /integrations/{uniqueKey}/functions/{name}": () => [
    { path: "/integrations/crm/functions/alone?type=action" },
  ],
  "post /sync/{name}/variant/{variant}": () => [{ path: "/sync/contacts/variant/another", body: pair }],
  "delete /sync/{name}/variant/{variant}": () => [{ path: "/sync/contacts/variant/base-gone", body: pair }],
  "put /sync/update-connection-frequency": () => [
    { path: "/sync/update-connection-frequency", body: { ...pair, sync_name: "contacts", frequency: "every 2 days" } },
  ],
  "get /runs/{runId}/undo": ({ run }) => [{ path: `/runs/${run}/undo` }],
  "post /runs/{runId}/undo": ({ run }) => [{ path: `/runs/${run}/undo`, body: {} }],
  "get /events": () => [{ path: "/events?limit=1000" }],
  "get /events/{uid}": ({ event, refused }) => [{ path: `/events/${event}` }, { path: `/events/${refused}` }],
  "post /events/replay": () => [
    { path: "/events/replay", body: { from: "2020-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z", dry_run: true } },
  ],
  "post /events/{uid}/replay": ({ event }) => [{ path: `/events/${event}/replay`, body: {} }],
  "post /events/{uid}/judge": ({ refused }) => [{ path: `/events/${refused}/judge`, body: {} }],
  "post /events/{uid}/attribute": ({ event }) => [
    { path: `/events/${event}/attribute`, body: { connection_id: "one" } },
  ],
  "post /functions/compile": () => [{ path: "/functions/compile", body: { code: CODE } }],
  "post /functions/deployments": () => [
    {
      path: "/functions/deployments",
      body: { type: "function", integration_id: "crm", function_name: "more", function_type: "action", code: CODE },
    },
  ],
  "post /functions/deployments/bundle": () => [{ path: "/functions/deployments/bundle", body: bundle }],
  "post /functions/deployments/bundle/preview": () => [{ path: "/functions/deployments/bundle/preview", body: bundle }],
  "get /functions/deployments/{id}": ({ deployment }) => [{ path: `/functions/deployments/${deployment}` }],
  "post /functions/dryruns": () => [
    {
      path: "/functions/dryruns",
      body: { integration_id: "crm", function_type: "action", code: CODE, connection_id: "one" },
    },
  ],
  "get /functions/dryruns/{id}": ({ dryRun }) => [{ path: `/functions/dryruns/${dryRun}` }],
  "post /dryrun": ({ function: compiled }) => [{ path: "/dryrun", body: { function: compiled, connection_id: "one" } }],
  "post /deploy": ({ function: compiled }) => [{ path: "/deploy", body: { functions: [compiled], mode: "single" } }],
  "get /logs": () => [{ path: "/logs?limit=1000" }],
  "get /webhooks": () => [{ path: "/webhooks?connection_id=one&provider_config_key=crm" }],
  "get /webhooks/{uid}": ({ webhook }) => [{ path: `/webhooks/${webhook}` }],
  "post /webhooks/replay": () => [{ path: "/webhooks/replay", body: { state: "dead" } }],
  ...Object.fromEntries(
    ["pause", "resume", "probe"].map((order): [string, (ids: Ids) => Example[]] => [
      `post /webhooks/endpoints/{id}/${order}`,
      ({ endpoint }) => [{ path: `/webhooks/endpoints/${endpoint}/${order}` }],
    ]),
  ),
  "post /webhooks/{uid}/replay": ({ webhook }) => [{ path: `/webhooks/${webhook}/replay` }],
  "patch /environment/connect-ui": () => [{ path: "/environment/connect-ui", body: { defaultTheme: "dark" } }],
  "post /environment/api-keys": ({ environment }) => [
    { path: "/environment/api-keys", body: { display_name: "x" } },
    { path: "/environment/api-keys", body: { display_name: "x", environment_id: environment } },
  ],
  "get /environment/api-keys": ({ environment }) => [
    { path: "/environment/api-keys" },
    { path: `/environment/api-keys?environment_id=${environment}` },
  ],
  "delete /environment/api-keys": ({ apiKey }) => [{ path: "/environment/api-keys", body: { id: apiKey } }],
  "put /environment/variables/{name}": () => [{ path: "/environment/variables/contacts", body: { value: "x" } }],
  "delete /environment/variables/{name}": () => [{ path: "/environment/variables/contacts-gone" }],
  "delete /environments/{id}": ({ environment }) => [{ path: `/environments/${environment}` }],
  "post /connect/sessions": () => [
    { path: "/connect/sessions", body: { end_user: { id: "u1" }, allowed_integrations: ["crm"] } },
  ],
  "post /connect/sessions/reconnect": () => [
    { path: "/connect/sessions/reconnect", body: { connection_id: "one", integration_id: "crm", tags: {} } },
  ],
  "post /webhook/{environmentUuid}/{providerConfigKey}": ({ uid }) => [
    { path: `/webhook/${uid}/crm`, body: { type: "x" } },
  ],
  "get /webhook/{environmentUuid}/{providerConfigKey}": ({ uid }) => [{ path: `/webhook/${uid}/crm` }],
  "post /api-auth/api-key/{providerConfigKey}": ({ connecting }) => [
    {
      path: `/api-auth/api-key/crm?connect_session_token=${connecting}&params[baseUrl]=http://127.0.0.1:1`,
      body: { apiKey: "k" },
    },
  ],
  "get /oauth/client-metadata/{environmentUuid}/{providerConfigKey}": ({ uid }) => [
    { path: `/oauth/client-metadata/${uid}/mcp` },
  ],
  "get /connect/session": ({ session }) => [{ path: "/connect/session", bearer: session }],
  "delete /connect/session": ({ session }) => [{ path: "/connect/session", bearer: session }],
};

/** An example as a request with this key, unless it carries a bearer of its own. */
export const toRequest = (method: string, { path, body, headers = {}, bearer }: Example, key: string): Request => ({
  method: method.toUpperCase(),
  target: path,
  headers: { authorization: `Bearer ${bearer ?? key}`, ...(body !== undefined && JSON_BODY), ...headers },
  body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
});
