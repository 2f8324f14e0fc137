// End users connect through their browser: to a real OpenID server and back, with the frontend's WebSocket waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFlowSockets } from "../../src/http/oauth/sockets.ts";
import { createLogger } from "../../src/log.ts";
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
