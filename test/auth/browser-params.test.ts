// What a browser may say of a connection: nothing that leads the client's secret to somebody else's host, and nothing that is
// the provider's to say, by which webhooks are told apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddress } from "../../src/auth/flow/address.ts";
import { saidByBrowser, startingConfig } from "../../src/auth/flow/config.ts";
import { oauth2 } from "../../src/auth/flow/oauth2.ts";
import { requestToken } from "../../src/auth/kinds/token-endpoint.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { Provider } from "../../src/providers/schema.ts";

const of = (name: string): string => `\${connectionConfig.${name}}`;
const REFUSED = { code: "invalid_connection_config" };
const own = loadCatalogue({ files: [] });
const entry = (more: object): Provider => Provider.parse({ display_name: "P", auth_mode: "OAUTH2", ...more });
const string = { type: "string" };

const zoned = (field: object = {}): Provider =>
  entry({
    authorization_url: `https://login.zoned.${of("zone || com")}/auth`,
    token_url: `https://login.zoned.${of("zone")}/token || ${of("server")}/token`,
    redirect_uri_metadata: ["server"],
    connection_config: { zone: { ...string, optional: true, ...field }, server: { ...string, automated: true } },
  });

test("a choice is one of those that the entry has, also on the way through a browser", () => {
  const provider = zoned({ enum: ["com", "zoned.example"] });
  assert.deepEqual(startingConfig(provider, { params: { zone: "zoned.example" } }), { zone: "zoned.example" });
  assert.throws(() => startingConfig(provider, { params: { zone: "eu" } }), REFUSED);
});

test("what ends a host is a country, not a name of somebody else's", () => {
  for (const zone of ["com", "eu", "co.uk", "com.au"])
    assert.deepEqual(startingConfig(zoned(), { params: { zone } }), { zone });
  for (const zone of ["evil.example", "evl.io", "a.b.c", "com/", "evil.com"])
    assert.throws(() => startingConfig(zoned(), { params: { zone } }), REFUSED, zone);
  for (const zone of ["evl.io", "abc.de"])
    assert.throws(() => startingConfig(own.get("zoho")!, { params: { extension: zone } }), REFUSED, zone);
  checkAddress(`https://${of("host")}:${of("port")}/token`, { host: "a.example", port: "8443" });
});

test("a bare name of the config stays at its place as others do", () => {
  assert.throws(() => checkAddress(`https://\${x}.p.example/token`, { x: "evil.example/" }), REFUSED);
  assert.throws(() => checkAddress(`https://\${a || connectionConfig.x}.p.example`, { x: "evil.example/" }), REFUSED);
  checkAddress(`https://\${credentials.x}.p.example/token`, { "credentials.x": "evil.example/" });
});

test("hosts of Salesforce and Snowflake are theirs", () => {
  const cases: [string, string, string[], string[]][] = [
    [
      "salesforce",
      "hostname",
      ["acme.my.salesforce.com", "acme--dev.sandbox.my.salesforce.com"],
      ["evil.example", "evil.example/a.salesforce.com", "evilsalesforce.com"],
    ],
    [
      "snowflake",
      "snowflake_account_url",
      ["a-b.snowflakecomputing.com"],
      ["snowflakecomputing.com.evil.example", "evil.example"],
    ],
  ];
  for (const [name, field, good, bad] of cases) {
    for (const value of good) startingConfig(own.get(name)!, { params: { [field]: value } });
    for (const value of bad)
      assert.throws(() => startingConfig(own.get(name)!, { params: { [field]: value } }), REFUSED, value);
  }
});

test("the query of a callback leads the client's secret to no host but the provider's own ones", async () => {
  const asked: string[] = [];
  const finish = (provider: Provider, query: Record<string, string>) =>
    oauth2.finish(
      {
        provider,
        client: { client_id: "c", client_secret: "s" },
        integrationConfig: {},
        redirectUri: "https://sync.example/oauth/callback",
        now: Date.now,
        fetch: async (url) => {
          asked.push(new URL(url).host);
          return new Response(JSON.stringify({ access_token: "t" }));
        },
      },
      { config: {} },
      { code: "c", ...query },
    );
  for (const server of ["https://login.zoned.eu", "https://login.zoned.com.au"]) await finish(zoned(), { server });
  const told = "https://accounts.zohocloud.ca";
  await finish(own.get("zoho")!, { "accounts-server": told });
  assert.deepEqual(asked.splice(0), ["login.zoned.eu", "login.zoned.com.au", "accounts.zohocloud.ca"]);
  for (const server of [
    "https://evil.example",
    "https://login.zoned.evil.example",
    "http://login.zoned.eu",
    "https://login.zoned.eu:8443",
    "https://login.zoned.evl.io",
    "https://login.zoned.eu.evil.eu",
  ]) {
    await assert.rejects(finish(zoned(), { server }), REFUSED, server);
    await assert.rejects(finish(own.get("zoho")!, { "accounts-server": server }), REFUSED, server);
  }
  assert.deepEqual(asked, []);
});

test("a browser claims nothing that the provider says, or by which webhooks find their connection", () => {
  const names = (name: string, params: Record<string, string>) =>
    Object.keys(saidByBrowser(own.get(name)!, { note: "n", webhook_url: "u", ...params }));
  assert.deepEqual(names("slack", { "team.id": "T1" }), ["note"]);
  assert.deepEqual(names("hubspot", { portalId: "1" }), ["note"]);
  assert.deepEqual(names("quickbooks", { realmId: "1" }), ["note"]);
  assert.deepEqual(names("salesforce", { instance_url: "https://evil.example", hostname: "h" }), ["note", "hostname"]);
  assert.deepEqual(names("shopify", { subdomain: "acme" }), ["note", "subdomain"]);
});

test("a token is asked for at no address that an imported config leads astray", async () => {
  const provider = entry({ token_url: `https://${of("subdomain")}.p.example/token` });
  const context = {
    provider,
    client: { client_id: "c", client_secret: "s" },
    connectionConfig: { subdomain: "evil.example/" },
    fetch: () => assert.fail("nobody is asked"),
    now: Date.now,
  };
  const request = { grant: "refresh_token" as const, client: { client_id: "c", client_secret: "s" }, params: {} };
  await assert.rejects(requestToken(context, request), { code: "invalid_credentials" });
});
