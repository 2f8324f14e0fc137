// The client's calls about connections and their metadata, and about sessions in which connections are made.
import assert from "node:assert/strict";
import { type Call, callsOf } from "./client-call.ts";

const list = callsOf("listConnections");
const wait = callsOf("waitForConnection");
const get = callsOf("getConnection");
const token = callsOf("getToken");
const raw = callsOf("getRawTokenResponse");
const metadata = callsOf("getMetadata");
const set = callsOf("setMetadata");
const update = callsOf("updateMetadata");
const patch = callsOf("patchConnection");
const remove = callsOf("deleteConnection");

const named =
  (...ids: string[]) =>
  ({ connections }: { connections: { connection_id: string }[] }) =>
    assert.deepEqual(connections.map((one) => one.connection_id).sort(), ids.sort());

const filters = { connectionId: "one", integrationId: ["crm", "erp"], userId: "u1", limit: 5 };
const apiKey = { type: "API_KEY", apiKey: "key of one" };
const one = { connectionId: "one", provider_config_key: "crm" };

export const connectionCalls: Call[] = [
  list.ok("all", ({ nango }) => nango.listConnections(), named("one", "two", "three")),
  list.ok("by id", ({ nango }) => nango.listConnections("one"), named("one")),
  list.ok("by words", ({ nango }) => nango.listConnections(undefined, "ada"), named("one")),
  list.ok(
    "by end user",
    ({ nango }) => nango.listConnections(undefined, undefined, { endUserId: "u1", limit: 10, page: 0 }),
    named("one"),
  ),
  list.ok("by every filter", ({ nango }) => nango.listConnections(filters), named("one")),
  list.ok(
    "by tags",
    ({ nango }) => nango.listConnections({ tags: { Team: "Red", email: "u@x.example", displayName: "Ada" } }),
    named("one"),
  ),
  list.ok("by tags that none has", ({ nango }) => nango.listConnections({ tags: { team: "Blue" } }), named()),
  list.fails("a limit of 2001", "400 invalid_query_params", ({ nango }) => nango.listConnections({ limit: 2001 })),
  list.strange((client) => client.listConnections()),
  wait.ok(
    "one that is there",
    ({ nango }) => nango.waitForConnection("crm", "u1"),
    (found) => assert.equal(found.connection_id, "one"),
  ),
  wait.fails("one that does not come in time", "throws", ({ nango }) =>
    nango.waitForConnection("crm", "u2", { signal: AbortSignal.timeout(200) }),
  ),
  wait.strange((client) => client.waitForConnection("crm", "u1")),
  get.ok(
    "by API key",
    ({ nango }) => nango.getConnection("crm", "one"),
    (found) => {
      assert.deepEqual(found.credentials, apiKey);
      assert.equal(found.end_user?.id, "u1");
    },
  ),
  get.ok(
    "refreshed, with its refresh token",
    ({ nango }) => nango.getConnection("oauth", "three", false, true),
    (found) => assert.equal((found.credentials as { refresh_token?: string }).refresh_token, "rt"),
  ),
  get.fails("an unknown connection", "404 not_found", ({ nango }) => nango.getConnection("crm", "nobody")),
  get.fails("an unknown integration", "400 unknown_provider_config", ({ nango }) => nango.getConnection("no", "one")),
  get.strange((client) => client.getConnection("crm", "one")),
  token.ok(
    "an API key",
    ({ nango }) => nango.getToken("crm", "one"),
    (found) => assert.deepEqual(found, apiKey),
  ),
  token.ok(
    "an access token",
    ({ nango }) => nango.getToken("oauth", "three"),
    (found) => assert.equal(found, "at"),
  ),
  token.fails("an unknown connection", "404 not_found", ({ nango }) => nango.getToken("crm", "nobody")),
  token.strange((client) => client.getToken("crm", "one")),
  raw.ok(
    "a token response",
    ({ nango }) => nango.getRawTokenResponse("oauth", "three"),
    (found) => assert.deepEqual(found, { access_token: "at" }),
  ),
  raw.fails("an unknown connection", "404 not_found", ({ nango }) => nango.getRawTokenResponse("oauth", "nobody")),
  raw.strange((client) => client.getRawTokenResponse("oauth", "three")),
  set.ok("of one", ({ nango }) => nango.setMetadata("crm", "one", { a: 1, b: 1 }), undefined, 201),
  set.fails("one of two is unknown", "404 unknown_connection", ({ nango }) =>
    nango.setMetadata("crm", ["one", "nobody"], { c: 1 }),
  ),
  set.fails("no object", "400 invalid_body", ({ nango }) => nango.setMetadata("crm", "one", "text" as never)),
  set.strange((client) => client.setMetadata("crm", "one", {})),
  update.ok("of two", ({ nango }) => nango.updateMetadata("crm", ["one", "two"], { b: 2 })),
  update.fails("an unknown connection", "404 unknown_connection", ({ nango }) =>
    nango.updateMetadata("crm", "nobody", { c: 1 }),
  ),
  update.fails("no object", "400 invalid_body", ({ nango }) => nango.updateMetadata("crm", "one", 1 as never)),
  update.strange((client) => client.updateMetadata("crm", "one", {})),
  metadata.ok(
    "set and updated",
    ({ nango }) => nango.getMetadata("crm", "one"),
    (found) => assert.deepEqual(found, { a: 1, b: 2 }),
  ),
  metadata.ok(
    "only updated",
    ({ nango }) => nango.getMetadata("crm", "two"),
    (found) => assert.deepEqual(found, { b: 2 }),
  ),
  metadata.fails("an unknown connection", "404 not_found", ({ nango }) => nango.getMetadata("crm", "nobody")),
  metadata.strange((client) => client.getMetadata("crm", "one")),
  patch.ok(
    "tags and end user",
    ({ nango }) => nango.patchConnection(one, { tags: { a: "b" }, end_user: { id: "u1" } }),
    (done) => assert.deepEqual(done, { success: true }),
  ),
  patch.fails("an unknown connection", "404 not_found", ({ nango }) =>
    nango.patchConnection({ ...one, connectionId: "nobody" }, {}),
  ),
  patch.fails("an unknown integration", "400 unknown_provider_config", ({ nango }) =>
    nango.patchConnection({ ...one, provider_config_key: "no" }, {}),
  ),
  patch.fails("a tag that is malformed", "400 invalid_body", ({ nango }) =>
    nango.patchConnection(one, { tags: { "1": "" } }),
  ),
  patch.strange((client) => client.patchConnection(one, {})),
];

/** At the end: what the other calls use goes. */
export const lastConnectionCalls: Call[] = [
  remove.ok(
    "a connection",
    ({ nango }) => nango.deleteConnection("crm", "two"),
    (answer) => assert.deepEqual(answer.data as unknown, { success: true }),
  ),
  remove.fails("a connection that is gone", "400 unknown_connection", ({ nango }) =>
    nango.deleteConnection("crm", "two"),
  ),
  remove.fails("no integration", "400 invalid_query_params", ({ nango }) => nango.deleteConnection("", "one")),
  remove.strange((client) => client.deleteConnection("crm", "one")),
];

const session = callsOf("createConnectSession");
const again = callsOf("createReconnectSession");
const reconnect = { connection_id: "one", integration_id: "crm" };
const isSession = ({ data }: { data: { token: string; connect_link: string; expires_at: string } }) => {
  assert.match(data.token, /^nango_connect_session_[0-9a-f]{64}$/);
  assert.ok(data.connect_link.endsWith(`?session_token=${data.token}`), data.connect_link);
  assert.ok(Date.parse(data.expires_at) > Date.now());
};

export const sessionCalls: Call[] = [
  session.ok(
    "for an end user",
    ({ nango }) => nango.createConnectSession({ end_user: { id: "u1" }, allowed_integrations: ["crm"] }),
    isSession,
    201,
  ),
  session.ok("with tags", ({ nango }) => nango.createConnectSession({ tags: { team: "Red" } }), isSession, 201),
  session.fails("neither tags nor an end user", "400 invalid_body", ({ nango }) =>
    nango.createConnectSession({} as never),
  ),
  session.fails("an unknown integration", "400 invalid_body", ({ nango }) =>
    nango.createConnectSession({ end_user: { id: "u1" }, allowed_integrations: ["no"] }),
  ),
  session.strange((client) => client.createConnectSession({ end_user: { id: "u1" } })),
  again.ok(
    "for a connection",
    ({ nango }) => nango.createReconnectSession({ ...reconnect, tags: { team: "Red" } }),
    isSession,
    201,
  ),
  again.fails("an unknown connection", "400 invalid_body", ({ nango }) =>
    nango.createReconnectSession({ ...reconnect, connection_id: "nobody" }),
  ),
  again.fails("an unknown integration", "400 invalid_body", ({ nango }) =>
    nango.createReconnectSession({ ...reconnect, integration_id: "no" }),
  ),
  again.strange((client) => client.createReconnectSession(reconnect)),
];
