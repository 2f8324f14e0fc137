// End users connect through their browser: to a real OpenID server and back, with the frontend's WebSocket waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFlowSockets } from "../../src/http/oauth/sockets.ts";
import { createLogger } from "../../src/log.ts";
import { compileTexts } from "../helpers/installation.ts";
import { connectUrl, newBrowser, newSession, newSocket, oauthWorld } from "./oauth-world.ts";

test("OAuth 2 through a browser", async (t) => {
  const { oidc, api, leave } = await oauthWorld(t);

  await t.test("makes a connection with tokens that work, and tells the waiting frontend", async () => {
    const socket = await newSocket(t, api.url);
    assert.deepEqual(Object.keys(socket.ack).sort(), ["message_type", "ws_client_id"]);
    const browser = newBrowser();
    const token = await newSession(api, { end_user: { id: "u1" } });
    const { left, to, back } = await leave(browser, { connect_session_token: token, ws_client_id: socket.id });
    assert.equal(left.status, 302);
    assert.equal(to.origin + to.pathname, `${oidc.issuer}/auth`);
    const sent = Object.fromEntries(to.searchParams);
    assert.deepEqual(
      [sent.client_id, sent.redirect_uri, sent.response_type, sent.scope, sent.prompt, sent.code_challenge_method],
      [oidc.client.client_id, `${api.url}/oauth/callback`, "code", "openid offline_access", "consent", "S256"],
    );
    assert.equal(browser.cookies.size, 1);
    const done = await browser.open(back.href);
    assert.equal(done.status, 200);
    assert.match(done.text, /OpenID is connected/);
    assert.equal(browser.cookies.size, 0);
    const told = await socket.next();
    const { connection_id: id } = told;
    assert.deepEqual(told, {
      message_type: "success",
      provider_config_key: "openid",
      connection_id: id,
      is_pending: false,
    });
    const made = await api.must("GET", `/connections/${id}?provider_config_key=openid&refresh_token=true`);
    assert.deepEqual(
      [made.credentials.type, made.tags, made.end_user.id],
      ["OAUTH2", { ...made.tags, team: "red" }, "u1"],
    );
    assert.ok(made.credentials.refresh_token);
    const headers = { "connection-id": String(id), "provider-config-key": "openid" };
    assert.deepEqual((await api.must("GET", "/proxy/hello", { headers })).name, "ada");
    assert.equal(oidc.counts.authorization_code, 1);
  });

  await t.test("says on the page, to the frontend and to the app that the user refused", async () => {
    await api.must("PATCH", "/environment/webhooks", { body: { primary_url: "https://app.example/hook" } });
    const socket = await newSocket(t, api.url);
    const browser = newBrowser();
    const query = { connect_session_token: await newSession(api), ws_client_id: socket.id };
    const { back } = await leave(browser, query, "deny");
    const page = await browser.open(back.href);
    assert.equal(page.status, 400);
    assert.match(page.text, /access_denied/);
    const told = await socket.next();
    assert.deepEqual([told.message_type, told.error_type], ["error", "access_denied"]);
    assert.match(String(told.error_desc), /Not today/);
    const logged = await api.runs.logs.flush().then(() => api.must("GET", "/logs?limit=100"));
    assert.match(JSON.stringify(logged), /Nobody was connected to openid/);
    const [{ body } = {}] = await api.db.query("select body from syncline.outbox where kind = 'auth' order by id desc");
    assert.deepEqual(
      [body.operation, body.success, body.providerConfigKey, body.authMode, body.error.type],
      ["creation", false, "openid", "OAUTH2", "access_denied"],
    );
  });

  await t.test("tells the frontend what is wrong before anybody leaves", async () => {
    const socket = await newSocket(t, api.url);
    const query = { connect_session_token: await newSession(api), ws_client_id: socket.id };
    const page = await newBrowser().open(connectUrl(api, "nothing", query));
    assert.deepEqual([page.status, page.headers.get("content-type")], [400, "text/html; charset=utf-8"]);
    assert.deepEqual((await socket.next()).error_type, "unknown_provider_config");
  });

  await t.test("renews the connection of a reconnect session under its id", async () => {
    const [first] = (await api.must("GET", "/connections")).connections;
    const body = { connection_id: first.connection_id, integration_id: "openid", tags: {} };
    const { token } = (await api.must("POST", "/connect/sessions/reconnect", { body })).data;
    const path = `/connections/${first.connection_id}?provider_config_key=openid`;
    const before = await api.must("GET", path);
    const browser = newBrowser();
    const { back } = await leave(browser, { connect_session_token: token });
    assert.equal((await browser.open(back.href)).status, 200);
    const after = await api.must("GET", path);
    assert.equal(after.id, before.id);
    assert.notEqual(after.credentials.access_token, before.credentials.access_token);
  });

  await t.test("reaches a frontend whose socket is at another process, also when the notice is lost", async () => {
    const log = createLogger("silent");
    const other = createFlowSockets({ url: api.db.url, pool: api.db.newPool(), log });
    t.after(other.close);
    const { createServer } = await import("node:http");
    const server = createServer();
    server.on("upgrade", (request, socket, head) => other.take(request as never, socket, head));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const socket = await newSocket(t, `http://127.0.0.1:${port}`);
    await api.db.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'syncline connect %'",
    );
    const browser = newBrowser();
    const query = { connect_session_token: await newSession(api), ws_client_id: socket.id };
    const { back } = await leave(browser, query);
    await browser.open(back.href);
    assert.equal((await socket.next()).message_type, "success");
  });
});

const validating = (exec: string) => `
import { createOnEvent } from "syncline";
export default createOnEvent({ description: "An event", version: "1.0.0", event: "validate-connection", exec: async (nango) => {
${exec}
} });
`;

test("a function of ours refuses who has signed in: nothing is kept, and whoever waits hears its words", async (t) => {
  const { oidc, api, leave } = await oauthWorld(t);
  await api.must("PATCH", "/environment/webhooks", { body: { primary_url: "https://app.example/hook" } });
  const judge = async (exec: string) =>
    await api.deploy(await compileTexts({ "openid/on-events/judge.ts": validating(exec) }));
  const signIn = async (session: string) => {
    const [socket, browser] = [await newSocket(t, api.url), newBrowser()];
    const { back } = await leave(browser, { connect_session_token: session, ws_client_id: socket.id });
    const page = await browser.open(back.href);
    return { page, told: await socket.next() };
  };
  const hooks = async () =>
    (await api.db.query("select body::jsonb as body from syncline.outbox order by id")).map(
      ({ body }) => body as { operation: string; success: boolean; error?: object },
    );
  const refusal = { type: "connection_validation_failed", description: "ada is of another company" };
  await judge(
    `const { name } = (await nango.get({ endpoint: "/who" })).data;
     throw new nango.ActionError({ error: name + " is of another company" });`,
  );

  const session = await newSession(api);
  const refused = await signIn(session);
  assert.equal(refused.page.status, 400);
  assert.match(refused.page.text, /ada is of another company/);
  assert.deepEqual(refused.told, {
    message_type: "error",
    provider_config_key: "openid",
    error_type: refusal.type,
    error_desc: refusal.description,
  });
  assert.deepEqual((await api.must("GET", "/connections")).connections, []);
  assert.deepEqual(await api.db.query("select from syncline.data_keys where connection_id is not null"), []);
  const [failed, ...more] = await hooks();
  assert.deepEqual([failed?.operation, failed?.success, failed?.error, more], ["creation", false, refusal, []]);

  await judge(`await nango.updateMetadata({ company: "ours" });`);
  const { told } = await signIn(session);
  assert.equal(told.message_type, "success", "the session goes on until it has made a connection");
  const path = `/connections/${told.connection_id}?provider_config_key=openid&refresh_token=true`;
  const before = await api.must("GET", path);
  assert.deepEqual(before.metadata, { company: "ours" });

  await judge(`throw new nango.ActionError({ error: "not this one" });`);
  const names = { integration_id: "openid", connection_id: told.connection_id };
  const { token } = (await api.must("POST", "/connect/sessions/reconnect", { body: names })).data;
  const again = await signIn(token);
  assert.deepEqual([again.told.error_type, again.told.error_desc], [refusal.type, "not this one"]);
  const after = await api.must("GET", `${path}&force_refresh=true`);
  assert.deepEqual([after.metadata, after.errors], [{ company: "ours" }, []]);
  assert.notEqual(after.credentials.access_token, before.credentials.access_token, "the tokens of before go on");
  assert.equal(oidc.counts.reuses, 0);
  assert.deepEqual(
    (await hooks()).map(({ operation, success }) => `${operation} ${success}`),
    ["creation false", "creation true", "override false"],
  );
});
