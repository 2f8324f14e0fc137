// /integrations and /providers.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { DEV_KEY, PROD_KEY, syncFunction, type TestApi, testApi } from "./api.ts";

const uidOf = async ({ db }: TestApi): Promise<string> =>
  (await db.query("select uid from syncline.environments where name = $1", ["dev"]))[0]!.uid;

const CLIENT = { type: "OAUTH2", client_id: "id", client_secret: "secret", scopes: "a,b" };

test("an integration is created, listed, looked at, changed and deleted", async (t) => {
  const api = await testApi(t);
  const body = { provider: "acme-oauth2", unique_key: "my acme", credentials: CLIENT };
  const { data: made } = await api.must("POST", "/integrations", { body });
  assert.deepEqual(Object.keys(made).sort(), [
    "created_at",
    "display_name",
    "forward_webhooks",
    "logo",
    "provider",
    "unique_key",
    "updated_at",
  ]);
  assert.deepEqual([made.unique_key, made.provider, made.forward_webhooks], ["my acme", "acme-oauth2", true]);
  assert.deepEqual((await api.must("GET", "/integrations")).data, [made]);
  assert.deepEqual((await api.must("GET", "/integrations/my%20acme")).data, made);
  const { data: full } = await api.must("GET", "/integrations/my%20acme?include=webhook&include=credentials");
  assert.deepEqual(full.credentials, { ...CLIENT, webhook_secret: null });
  assert.equal(full.webhook_url, `${api.url}/webhook/${await uidOf(api)}/my%20acme`);
  await api.must("POST", "/integrations", { body: { provider: "private-api-bearer", unique_key: "silent" } });
  assert.equal((await api.must("GET", "/integrations/silent?include=webhook")).data.webhook_url, null);
  await api.must("DELETE", "/integrations/silent");
  const patch = { display_name: "Acme!", forward_webhooks: false, unique_key: "acme" };
  const { data: changed } = await api.must("PATCH", "/integrations/my%20acme", { body: patch });
  assert.deepEqual([changed.unique_key, changed.display_name, changed.forward_webhooks], ["acme", "Acme!", false]);
  const renamed = await api.must("GET", "/integrations/acme?include=credentials");
  assert.equal(renamed.data.credentials.client_secret, "secret");
  assert.deepEqual(await api.must("DELETE", "/integrations/acme"), { success: true });
  for (const method of ["GET", "DELETE"]) {
    const gone = await api.call(method, "/integrations/acme");
    assert.deepEqual([gone.status, gone.body.error.code], [404, "not_found"]);
  }
  assert.equal((await api.call("PATCH", "/integrations/acme", { body: {} })).status, 404);
  await api.integrate("acme");
});

test("client credentials are sealed", async (t) => {
  const api = await testApi(t);
  await api.must("POST", "/integrations", { body: { provider: "acme-oauth2", unique_key: "a", credentials: CLIENT } });
  const [row] = await api.db.query("select credentials_sealed from syncline.integrations");
  assert.doesNotMatch(row?.credentials_sealed.toString("latin1"), /secret/);
});

test("a wrong integration is refused by its field", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");
  const refused = async (method: string, path: string, body: object) => {
    const answer = await api.call(method, path, { body });
    assert.deepEqual([answer.status, answer.body.error.code], [400, "invalid_body"]);
    return answer.body.error.errors[0].path.join(".");
  };
  assert.equal(await refused("POST", "/integrations", { provider: "nothing", unique_key: "a" }), "provider");
  assert.equal(await refused("POST", "/integrations", { provider: "acme", unique_key: "crm" }), "unique_key");
  assert.equal(await refused("POST", "/integrations", { provider: "acme", unique_key: "a/b" }), "unique_key");
  const credentials = { type: "OAUTH2", client_id: "i", client_secret: "s" };
  assert.equal(
    await refused("POST", "/integrations", { provider: "acme", unique_key: "a", credentials }),
    "credentials.type",
  );
  assert.equal(await refused("PATCH", "/integrations/crm", { unique_key: "erp" }), "unique_key");
  await api.integrate("free");
  assert.equal(await refused("PATCH", "/integrations/free", { unique_key: "crm" }), "unique_key");
  assert.equal(await refused("PATCH", "/integrations/free", { provider: "x" }), "");
  const include = await api.call("GET", "/integrations/crm?include=secrets");
  assert.equal(include.body.error.code, "invalid_query_params");
});

test("deleting an integration deletes its connections and stops its functions", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.must("DELETE", "/integrations/crm");
  assert.deepEqual((await api.must("GET", "/connections")).connections, []);
  const [left] = await api.db.query(`
    select (select count(*) from syncline.functions where is_active) as functions,
           (select count(*) from syncline.runs where state in ('ready', 'running')) as runs,
           (select count(*) from syncline.data_keys where connection_id is not null) as keys`);
  assert.deepEqual(left, { functions: 0, runs: 0, keys: 0 });
});

test("the other environment's key finds and changes nothing", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const key = PROD_KEY;
  assert.deepEqual((await api.must("GET", "/integrations", { key })).data, []);
  for (const [method, body] of [["GET"], ["DELETE"], ["PATCH", { display_name: "mine" }]] as [string, object?][]) {
    assert.equal((await api.call(method, "/integrations/crm", { key, body })).status, 404);
  }
  assert.equal((await api.must("GET", "/integrations/crm")).data.display_name.includes("mine"), false);
});

const PEM = { modulusLength: 2048, privateKeyEncoding: { type: "pkcs1", format: "pem" } } as const;

test("credentials of every kind are taken whole and shown as they were", async (t) => {
  const file = path.join(await mkdtemp(path.join(os.tmpdir(), "syncline-")), "catalogue.json");
  t.after(() => rm(path.dirname(file), { recursive: true }));
  const modes = ["OAUTH1", "TBA", "APP", "CUSTOM"];
  const entries = modes.map((mode) => [`acme-${mode.toLowerCase()}`, { display_name: mode, auth_mode: mode }]);
  await writeFile(file, JSON.stringify(Object.fromEntries(entries)));
  const api = await testApi(t, { catalogueFiles: [file] });
  const publicKeyEncoding = { type: "spki", format: "pem" } as const;
  const { privateKey: private_key } = generateKeyPairSync("rsa", { ...PEM, publicKeyEncoding });
  const { privateKey: curve } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding,
  });
  const client = { client_id: "id", client_secret: "secret" };
  const app = { app_id: "7", app_link: "https://acme.example/apps/7", private_key };
  const create = (type: string, given: object) => {
    const provider = type === "OAUTH2" ? "acme-oauth2" : `acme-${type.toLowerCase()}`;
    const body = { provider, unique_key: provider, credentials: { type, ...given } };
    return api.call("POST", "/integrations", { body });
  };
  const none = { scopes: null, webhook_secret: null };
  for (const [type, given, shown] of [
    ["OAUTH1", { ...client, webhook_secret: "w" }, { ...client, scopes: null, webhook_secret: "w" }],
    ["OAUTH2", { ...client, scopes: "a,b" }, { ...client, ...none, scopes: "a,b" }],
    ["TBA", client, { ...client, ...none }],
    ["APP", app, app],
    ["CUSTOM", { ...client, ...app }, { ...client, ...app }],
  ] as [string, object, object][]) {
    const { status, body } = await create(type, given);
    assert.equal(status, 200, JSON.stringify(body));
    const { data } = await api.must("GET", `/integrations/${body.data.unique_key}?include=credentials`);
    assert.deepEqual(data.credentials, { type, ...shown });
  }
  for (const [type, given, field] of [
    ["APP", { ...app, private_key: curve }, "private_key"],
    ["APP", { ...app, private_key: "-----BEGIN RSA PRIVATE KEY-----\nno\n-----END" }, "private_key"],
    ["APP", client, "app_id"],
    ["APP", { ...app, app_link: "no link" }, "app_link"],
    ["OAUTH2", { client_id: "id" }, "client_secret"],
    ["CUSTOM", { ...client, ...app, private_key: undefined }, "private_key"],
    ["TBA", { ...client, scopes: 7 }, "scopes"],
    ["OAUTH2_CC", client, "type"],
  ] as [string, object, string][]) {
    const { status, body } = await create(type, given);
    assert.deepEqual([status, body.error.code], [400, "invalid_body"]);
    assert.equal(body.error.errors[0].path.join("."), `credentials.${field}`);
  }
});

test("a quickstart is refused with the provider's name and what to do instead", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, apiKey: DEV_KEY });
  const quickstart = (provider: string) =>
    nango.createQuickstartIntegration({ provider, unique_key: "quick" }).then(
      () => assert.fail("it was created"),
      ({ response }) => [response.status, response.data.error.code, response.data.error.errors[0]],
    );
  const [status, code, { path: field, message }] = await quickstart("acme-oauth2");
  assert.deepEqual([status, code, field], [400, "invalid_body", ["provider"]]);
  assert.match(message, /acme-oauth2.*POST \/integrations.*OAUTH2/);
  const [, , unknown] = await quickstart("nothing");
  assert.deepEqual([unknown.path, unknown.message], [["provider"], 'there is no provider "nothing"']);
  assert.deepEqual((await nango.listIntegrations()).configs, []);
});

test("the published client lists, creates, reads, changes and deletes integrations", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, apiKey: DEV_KEY });
  const { data: made } = await nango.createIntegration({
    provider: "acme-oauth2",
    unique_key: "crm",
    credentials: { type: "OAUTH2", client_id: "id", client_secret: "secret", scopes: "a" },
    integration_config: { region: "eu" },
    custom: { webhookSecret: "w" },
  });
  assert.deepEqual((await nango.listIntegrations()).configs, [made]);
  // The client sends the last of several only.
  const { data: both } = await nango.getIntegration({ uniqueKey: "crm" }, { include: ["webhook", "credentials"] });
  assert.deepEqual(both, { ...made, credentials: { ...CLIENT, scopes: "a", webhook_secret: null } });
  const { data: hook } = await nango.getIntegration({ uniqueKey: "crm" }, { include: ["webhook"] });
  assert.deepEqual(hook, { ...made, webhook_url: `${api.url}/webhook/${await uidOf(api)}/crm` });
  const narrow = { display_name: "narrow", scopes: ["environment:integrations:read"] };
  const { secret: key } = (await api.must("POST", "/environment/api-keys", { body: narrow })).data;
  assert.equal((await api.call("GET", "/integrations/crm", { key })).status, 200);
  const hidden = await api.call("GET", "/integrations/crm?include=credentials", { key });
  assert.deepEqual([hidden.status, hidden.body.error.code], [403, "forbidden"]);
  const { data: changed } = await nango.updateIntegration(
    { uniqueKey: "crm" },
    { unique_key: "erp", display_name: "E" },
  );
  assert.deepEqual([changed.unique_key, changed.display_name], ["erp", "E"]);
  assert.deepEqual((await nango.deleteIntegration("erp")).data, { success: true });
});

test("the catalogue is listed, searched and read by name", async (t) => {
  const api = await testApi(t);
  const all = (await api.must("GET", "/providers")).data;
  assert.ok(all.length > 10);
  const found = (await api.must("GET", "/providers?search=ACME")).data.map((one: { name: string }) => one.name);
  assert.deepEqual(found, ["acme", "acme-oauth2"]);
  const { data } = await api.must("GET", "/providers/acme");
  assert.deepEqual([data.name, data.auth_mode], ["acme", "API_KEY"]);
  assert.ok(data.logo_url.startsWith("http"));
  assert.equal((await api.call("GET", "/providers/nothing")).body.error.code, "not_found");
  for (const pattern of ["(", "%5B", "%25", "%5C", ".*"]) {
    assert.deepEqual((await api.must("GET", `/providers?search=${pattern}`)).data, []);
  }
  assert.equal((await api.call("GET", "/providers?name=acme")).body.error.code, "invalid_query_params");
  const nango = new Nango({ host: api.url, apiKey: DEV_KEY });
  assert.deepEqual((await nango.listProviders({})).data, all);
  assert.deepEqual((await nango.getProvider({ provider: "acme" })).data, data);
  const { data: templates } = await nango.getProviderTemplates({ provider: "acme" });
  const [{ json_schema, description, ...create }] = templates as [(typeof templates)[0]];
  assert.ok(description && json_schema);
  assert.deepEqual(create, {
    name: "create-contact",
    type: "action",
    input: "ActionInput_acme_createcontact",
    returns: ["ActionOutput_acme_createcontact"],
  });
  assert.deepEqual(
    templates.map(({ type, name }) => `${type} ${name}`),
    ["action create-contact", "sync companies", "sync contacts", "sync tickets"],
  );
  assert.deepEqual((await nango.getProviderTemplates({ provider: "acme-oauth2" })).data, []);
  assert.equal((await api.call("GET", "/providers/nothing/templates")).body.error.code, "not_found");
});
