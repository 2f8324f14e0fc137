// MCP servers through a browser: found by their metadata, with a client that registers itself or is a document of ours.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { startOidc } from "../helpers/oidc.ts";
import { testApi } from "./api.ts";
import { connectUrl, newBrowser, newSession, newSocket } from "./oauth-world.ts";

/** An MCP server that says who guards it; `resource` and `issuer` may be lies. */
const startMcp = async (t: TestContext, said: (own: string) => { resource: string; issuer: string }) => {
  const server = createServer((req, res) => {
    const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { resource, issuer } = said(own);
    const metadata = `${own}/.well-known/oauth-protected-resource/mcp`;
    if (req.url === "/.well-known/oauth-protected-resource/mcp") {
      const body = { resource, authorization_servers: [issuer], scopes_supported: ["openid"] };
      return void res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    }
    res
      .writeHead(req.url === "/mcp" ? 401 : 404, { "www-authenticate": `Bearer resource_metadata="${metadata}"` })
      .end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
};

test("MCP servers through a browser", async (t) => {
  const oidc = await startOidc(t, { isForMcp: true });
  const api = await testApi(t);
  oidc.allowRedirect(`${api.url}/oauth/callback`);
  await api.must("POST", "/integrations", { body: { provider: "mcp-generic", unique_key: "mcp" } });
  const address = await startMcp(t, (own) => ({ resource: `${own}/mcp`, issuer: oidc.issuer }));

  const begin = async (mcp_server_url: string) => {
    const browser = newBrowser();
    const socket = await newSocket(t, api.url);
    const query = { connect_session_token: await newSession(api), ws_client_id: socket.id };
    return {
      browser,
      socket,
      left: await browser.open(connectUrl(api, "mcp", { ...query, "params[mcp_server_url]": mcp_server_url })),
    };
  };

  await t.test("registers a client for the connection, and its tokens are for the server", async () => {
    const { browser, socket, left } = await begin(address);
    assert.equal(left.status, 302, left.text);
    const sent = Object.fromEntries(left.location!.searchParams);
    assert.deepEqual(
      [sent.resource, sent.scope, sent.code_challenge_method],
      [address, "openid offline_access", "S256"],
    );
    assert.notEqual(sent.client_id, oidc.client.client_id);
    const page = await browser.open((await oidc.clickThrough(left.location!.href)).href);
    assert.equal(page.status, 200, page.text);
    const { connection_id: id } = await socket.next();
    const path = `/connections/${id}?provider_config_key=mcp&refresh_token=true`;
    const { credentials, connection_config: config } = await api.must("GET", path);
    assert.deepEqual([credentials.type, credentials.config_override.client_id], ["OAUTH2", sent.client_id]);
    assert.deepEqual([config.resource, config.token_endpoint], [address, `${oidc.issuer}/token`]);
    const renewed = (await api.must("GET", `${path}&force_refresh=true`)).credentials;
    assert.notEqual(renewed.access_token, credentials.access_token);
    assert.deepEqual([oidc.counts.refresh_token, oidc.counts.reuses], [1, 0]);
  });

  await t.test("refuses an answer of another issuer than was found, and one that does not say its issuer", async () => {
    for (const change of [
      (url: URL) => url.searchParams.set("iss", "https://evil.example"),
      (url: URL) => url.searchParams.delete("iss"),
    ]) {
      const { browser, left } = await begin(address);
      const back = await oidc.clickThrough(left.location!.href);
      const asked = oidc.counts.tokenRequests;
      change(back);
      const page = await browser.open(back.href);
      assert.match(page.text, /invalid_oauth_flow/);
      assert.equal(oidc.counts.tokenRequests, asked);
    }
  });

  await t.test("believes no server that speaks for another, names bad addresses, or is at a private one", async () => {
    const liar = await startMcp(t, () => ({ resource: address, issuer: oidc.issuer }));
    const script = await startMcp(t, (own) => ({ resource: `${own}/mcp`, issuer: "javascript:alert(1)" }));
    const insecure = await startMcp(t, (own) => ({ resource: `${own}/mcp`, issuer: "http://evil.example" }));
    for (const url of [
      liar,
      script,
      insecure,
      "http://evil.example/mcp",
      "https://10.0.0.1/mcp",
      "https://169.254.169.254/mcp",
    ]) {
      const { left, socket } = await begin(url);
      assert.deepEqual([left.status, left.location], [400, null], left.text);
      assert.match(
        String((await socket.next()).error_type),
        /invalid_connection_config|host_not_allowed|url_not_allowed/,
      );
    }
  });

  await t.test("the document of our client says where people are sent back to, and nothing else", async () => {
    const { uid } = (await api.db.query("select uid from syncline.environments where name = 'dev'"))[0] as {
      uid: string;
    };
    const path = `/oauth/client-metadata/${uid}/mcp`;
    const document = await api.must("GET", path, { key: null });
    assert.deepEqual(document, {
      client_id: api.url + path,
      client_uri: api.url,
      client_name: "Syncline",
      redirect_uris: [`${api.url}/oauth/callback`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    });
    await api.integrate("acme");
    assert.equal((await api.call("GET", `/oauth/client-metadata/${uid}/acme`, { key: null })).status, 404);
  });
});

test("a server that reads clients' documents reads ours, and nobody is registered", async (t) => {
  const publicUrl = "https://sync.example.com";
  const read: string[] = [];
  let ours = "";
  const oidc = await startOidc(t, {
    isForMcp: true,
    readDocument: (url) => {
      read.push(url);
      return fetch(url.replace(publicUrl, ours));
    },
  });
  const api = await testApi(t, { access: { publicUrl } });
  ours = api.url;
  await api.must("POST", "/integrations", { body: { provider: "mcp-generic", unique_key: "mcp" } });
  const address = await startMcp(t, (own) => ({ resource: `${own}/mcp`, issuer: oidc.issuer }));
  const browser = newBrowser();
  const query = { connect_session_token: await newSession(api), "params[mcp_server_url]": address };
  const left = await browser.open(connectUrl(api, "mcp", query));
  assert.equal(left.status, 302, left.text);
  const id = left.location!.searchParams.get("client_id") ?? "";
  assert.match(id, /^https:\/\/sync\.example\.com\/oauth\/client-metadata\/[0-9a-f-]{36}\/mcp$/);
  assert.equal(left.location!.searchParams.get("redirect_uri"), `${publicUrl}/oauth/callback`);
  const back = await oidc.clickThrough(left.location!.href);
  assert.deepEqual(read, [id], "the address is read, once");
  assert.equal(back.origin, publicUrl);
  const page = await browser.open(api.url + back.pathname + back.search);
  assert.equal(page.status, 200, page.text);
  const [{ connection_id: made }] = (await api.must("GET", "/connections")).connections;
  const path = `/connections/${made}?provider_config_key=mcp&refresh_token=true`;
  const { credentials, connection_config: config } = await api.must("GET", path);
  assert.deepEqual([credentials.config_override, config.token_endpoint_auth_method], [{ client_id: id }, "none"]);
  const renewed = (await api.must("GET", `${path}&force_refresh=true`)).credentials;
  assert.notEqual(renewed.access_token, credentials.access_token);
  assert.deepEqual([oidc.counts.authorization_code, oidc.counts.refresh_token, oidc.counts.reuses], [1, 1, 0]);
  assert.deepEqual(oidc.counts.refused, []);
});
