// Ways through a browser other than OAuth 2: OAuth 1 against a server that checks signatures by another library, and apps that
// are installed, as GitHub has them.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { jwtVerify } from "jose";
import OAuth from "oauth-1.0a";
import { testApi } from "./api.ts";
import { connectUrl, newBrowser, newSession, newSocket } from "./oauth-world.ts";

type Answer = { status?: number; json?: unknown; form?: Record<string, string> };

const serve = async (t: TestContext, answer: (req: IncomingMessage, body: string) => Promise<Answer>) => {
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await req.toArray()).toString();
    const { status = 200, json, form } = await answer(req, body);
    const text = form === undefined ? JSON.stringify(json) : new URLSearchParams(form).toString();
    res.writeHead(status, { "content-type": form === undefined ? "application/json" : "text/plain" }).end(text);
  };
  const server = createServer((req, res) => void handle(req, res).catch(() => res.writeHead(500).end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const catalogueOf = (entries: object): string => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), "syncline-kinds-")), "providers.json");
  writeFileSync(file, JSON.stringify(entries));
  return file;
};

const CLIENT = { client_id: "consumer", client_secret: "consumer secret" };

/** An OAuth 1 provider: every request has to be signed, and tokens are had in the right order only. */
const startOAuth1 = async (t: TestContext) => {
  const requested = new Map<string, { secret: string; callback: string; verifier: string }>();
  const oauth = new OAuth({
    consumer: { key: CLIENT.client_id, secret: CLIENT.client_secret },
    signature_method: "HMAC-SHA1",
    hash_function: (base, key) => createHmac("sha1", key).update(base).digest("base64"),
  });
  const url: string = await serve(t, async (req, body): Promise<Answer> => {
    const given = Object.fromEntries(
      [...(req.headers.authorization ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [
        name,
        decodeURIComponent(value!),
      ]),
    ) as Record<string, string>;
    const known = requested.get(given.oauth_token ?? "");
    const { oauth_signature, ...signed } = given;
    const request = { url: url + req.url, method: req.method!, data: Object.fromEntries(new URLSearchParams(body)) };
    const expected = oauth.getSignature(request, known?.secret, signed as unknown as OAuth.Data);
    if (oauth_signature !== expected) return { status: 401, json: { error: "bad signature" } };
    if (req.url === "/request") {
      const token = randomBytes(8).toString("hex");
      requested.set(token, { secret: "request secret", callback: given.oauth_callback!, verifier: "verified" });
      return { form: { oauth_token: token, oauth_token_secret: "request secret", oauth_callback_confirmed: "true" } };
    }
    if (given.oauth_verifier !== known?.verifier) return { status: 401, json: { error: "bad verifier" } };
    return { form: { oauth_token: "token", oauth_token_secret: "token secret", user_id: "7" } };
  });
  return { url, requested };
};

test("OAuth 1 through a browser", async (t) => {
  const { url, requested } = await startOAuth1(t);
  const entry = {
    display_name: "Old",
    auth_mode: "OAUTH1",
    request_url: `${url}/request`,
    authorization_url: `${url}/authorize`,
    token_url: `${url}/access`,
    authorization_params: { expiration: "never" },
    request_params: { x_auth_access_type: "write & read" },
  };
  const api = await testApi(t, { catalogueFiles: [catalogueOf({ old: entry })] });
  const credentials = { type: "OAUTH1", ...CLIENT, scopes: "read,write" };
  await api.must("POST", "/integrations", { body: { provider: "old", unique_key: "old", credentials } });
  const begin = async (query: Record<string, string> = {}) => {
    const browser = newBrowser();
    const left = await browser.open(connectUrl(api, "old", { connect_session_token: await newSession(api), ...query }));
    assert.equal(left.status, 302, left.text);
    const token = left.location!.searchParams.get("oauth_token")!;
    const callback = new URL(requested.get(token)!.callback);
    callback.searchParams.set("oauth_token", token);
    callback.searchParams.set("oauth_verifier", "verified");
    return { browser, to: left.location!, callback, token };
  };

  await t.test("signs both requests so that another library agrees, and keeps the token", async () => {
    const socket = await newSocket(t, api.url);
    const { browser, to, callback } = await begin({ ws_client_id: socket.id });
    assert.deepEqual([to.searchParams.get("expiration"), to.searchParams.get("scope")], ["never", "read write"]);
    assert.equal(callback.origin + callback.pathname, `${api.url}/oauth/callback`);
    const done = await browser.open(callback.href);
    assert.equal(done.status, 200, done.text);
    const { connection_id: id } = await socket.next();
    const made = await api.must("GET", `/connections/${id}?provider_config_key=old`);
    assert.deepEqual(
      [made.credentials.oauth_token, made.credentials.oauth_token_secret, made.credentials.raw.user_id],
      ["token", "token secret", "7"],
    );
    assert.ok(!done.text.includes("token secret"));
  });

  await t.test("refuses an answer about another request token, one without consent, and a wrong verifier", async () => {
    const [one, other] = [await begin(), await begin()];
    one.callback.searchParams.set("oauth_token", other.token);
    assert.match((await one.browser.open(one.callback.href)).text, /invalid_oauth_flow/);
    other.callback.searchParams.delete("oauth_verifier");
    other.callback.searchParams.set("denied", other.token);
    assert.match((await other.browser.open(other.callback.href)).text, /access_denied/);
    const third = await begin();
    third.callback.searchParams.set("oauth_verifier", "guessed");
    assert.match((await third.browser.open(third.callback.href)).text, /token_exchange_failed/);
  });
});

test("an app that is installed, through a browser", async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const installations = new Map<string, string>([["100", "2020-01-01T00:00:00Z"]]);
  const url = await serve(t, async (req): Promise<Answer> => {
    const bearer = req.headers.authorization?.replace(/^Bearer /, "") ?? "";
    const [, id = ""] = /installations\/(\d+)/.exec(req.url!) ?? [];
    if (req.url!.startsWith("/login/oauth/access_token"))
      return { json: { access_token: "user token", token_type: "bearer" } };
    if (req.url!.startsWith("/user/installations/"))
      return bearer === "user token" && id === "300" ? { json: {} } : { status: 404, json: { message: "Not Found" } };
    const { payload } = await jwtVerify(bearer, publicKey, { issuer: "42" });
    assert.ok(payload.exp! - payload.iat! <= 600);
    if (!installations.has(id)) return { status: 404, json: { message: "Not Found" } };
    if (req.method === "GET") return { json: { id: Number(id), created_at: installations.get(id), updated_at: null } };
    return {
      status: 201,
      json: { token: `installation ${id}`, expires_at: new Date(Date.now() + 3_600_000).toISOString() },
    };
  });
  const tokenUrl = `${url}/app/installations/\${connectionConfig.installation_id}/access_tokens`;
  const shared = { connection_config: {}, proxy: { base_url: url } };
  const catalogue = catalogueOf({
    hub: { display_name: "Hub", auth_mode: "APP", token_url: tokenUrl, ...shared },
    "hub-user": {
      display_name: "Hub user",
      auth_mode: "CUSTOM",
      token_url: { APP: tokenUrl, OAUTH2: `${url}/login/oauth/access_token` },
      ...shared,
    },
  });
  const api = await testApi(t, { catalogueFiles: [catalogue] });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const own = { app_id: "42", app_link: "https://hub.example/apps/ours", private_key: pem };
  await api.must("POST", "/integrations", {
    body: { provider: "hub", unique_key: "hub", credentials: { type: "APP", ...own } },
  });
  await api.must("POST", "/integrations", {
    body: { provider: "hub-user", unique_key: "hub-user", credentials: { type: "CUSTOM", ...CLIENT, ...own } },
  });
  const begin = async (key = "hub", token?: string) => {
    const browser = newBrowser();
    const socket = await newSocket(t, api.url);
    const query = { connect_session_token: token ?? (await newSession(api)), ws_client_id: socket.id };
    const { location, text } = await browser.open(connectUrl(api, key, query));
    assert.ok(location, text);
    const state = location.searchParams.get("state")!;
    const comeBack = (given: Record<string, string>) =>
      browser.open(`${api.url}/app-auth/connect?${new URLSearchParams({ state, ...given })}`);
    return { location, socket, comeBack };
  };

  await t.test("connects what was installed on this way", async () => {
    const { location, comeBack, socket } = await begin();
    assert.equal(location.origin + location.pathname, "https://hub.example/apps/ours/installations/new");
    installations.set("200", new Date().toISOString());
    const page = await comeBack({ installation_id: "200", setup_action: "install" });
    assert.equal(page.status, 200, page.text);
    const { connection_id: id } = await socket.next();
    const made = await api.must("GET", `/connections/${id}?provider_config_key=hub`);
    assert.deepEqual(
      [made.credentials.type, made.credentials.access_token, made.connection_config.installation_id],
      ["APP", "installation 200", "200"],
    );
  });

  await t.test("refuses an installation that was there before: its id can be guessed", async () => {
    for (const installation_id of ["100", "999", "../x"]) {
      const { comeBack } = await begin();
      const page = await comeBack({ installation_id, setup_action: "install" });
      assert.equal(page.status, 400);
      assert.match(page.text, /invalid_oauth_flow|authorization_failed/);
    }
    const { comeBack } = await begin("hub-user");
    assert.match((await comeBack({ installation_id: "200", code: "c" })).text, /invalid_oauth_flow/);
  });

  await t.test("refuses an installation that somebody else has connected, though it was changed just now", async () => {
    const tagged = async (tags: object) => await begin("hub", await newSession(api, { tags }));
    const made = { installation_id: "201", setup_action: "install" };
    installations.set("201", new Date().toISOString());
    assert.equal((await (await tagged({ organization_id: "acme", end_user_id: "ann" })).comeBack(made)).status, 200);
    for (const tags of [{ organization_id: "evil", end_user_id: "eve" }, { team: "red" }])
      assert.match((await (await tagged(tags)).comeBack(made)).text, /connected for somebody else already/);
    assert.equal((await (await tagged({ organization_id: "acme", end_user_id: "bob" })).comeBack(made)).status, 200);
    for (const { connection_id: id, tags } of (await api.must("GET", "/connections")).connections)
      if (tags.organization_id) await api.must("DELETE", `/connections/${id}?provider_config_key=hub`);
  });

  await t.test("renews a connection with the installation it has, and with no other that was there", async () => {
    const { connection_id } = (await api.must("GET", "/connections")).connections[0];
    installations.set("200", "2020-01-01T00:00:00Z");
    const renew = async () => {
      const body = { connection_id, integration_id: "hub", tags: {} };
      return await begin("hub", (await api.must("POST", "/connect/sessions/reconnect", { body })).data.token);
    };
    assert.equal((await (await renew()).comeBack({ installation_id: "100" })).status, 400);
    assert.equal((await (await renew()).comeBack({ installation_id: "200" })).status, 200);
  });

  await t.test("connects an app and its user when the user sees the installation", async () => {
    installations.set("300", "2020-01-01T00:00:00Z");
    const { comeBack, socket } = await begin("hub-user");
    const page = await comeBack({ installation_id: "300", code: "c", setup_action: "install" });
    assert.equal(page.status, 200, page.text);
    const { connection_id: id } = await socket.next();
    const { credentials } = await api.must("GET", `/connections/${id}?provider_config_key=hub-user`);
    assert.match(JSON.stringify(credentials), /installation 300/);
  });

  await t.test("says that it is pending while somebody else has to agree", async () => {
    const { comeBack, socket } = await begin();
    assert.match((await comeBack({ setup_action: "request" })).text, /Almost connected/);
    const { message_type, is_pending } = await socket.next();
    assert.deepEqual([message_type, is_pending], ["success", true]);
  });
});
