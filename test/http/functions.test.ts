// What functions there are, as the published client sees them: /integrations/:key/functions and /scripts/config.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { type CompiledFunction, type FunctionDefinition, functionHash } from "../../src/functions/definition.ts";
import { DEV_KEY, PROD_KEY, syncFunction, testApi } from "./api.ts";

const action = (name: string, over: Partial<FunctionDefinition> = {}): CompiledFunction => {
  const base = syncFunction("crm eu", name, { frequency: null, auto_start: false, models: {}, ...over });
  return { ...base, kind: "action", hash: functionHash(base.bundle, base.definition) };
};

const INPUT = {
  type: "object",
  properties: { email: { type: "string", description: "Whom to add" }, parent: { $ref: "#/definitions/Node" } },
  required: ["email"],
  additionalProperties: false,
  definitions: { Node: { type: "object", properties: { next: { $ref: "#/definitions/Node" } } } },
};

const CONTACTS = {
  ...syncFunction("crm eu", "contacts", {
    track_deletes: true,
    metadata_schema: { type: "object", properties: { team: { type: "string" } } },
    checkpoint_schema: { type: "object" },
    scopes: ["contacts.read"],
    webhook_subscriptions: ["contact.changed"],
    endpoints: [{ method: "GET", path: "/contacts", group: "People" }],
  }),
  code: "// contacts.ts\n",
};
const ADD = action("add-contact", { input: INPUT, output: { type: "object" }, description: "Adds a contact" });
const SAME_NAME = action("contacts", { input: { type: "null" }, output: { type: "string" }, version: "" });
const WELCOME: CompiledFunction = {
  ...action("welcome", { event: "post-connection-creation" }),
  kind: "on-event",
};

test("functions of an integration", async (t) => {
  const api = await testApi(t);
  const nango = new Nango({ host: api.url, apiKey: DEV_KEY });
  const at = { uniqueKey: "crm eu" };
  await api.integrate("crm eu");
  await api.integrate("empty");
  await api.deploy([CONTACTS, ADD, SAME_NAME, WELCOME]);

  const failure = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => assert.fail("it did not fail"),
      (caught) => caught.response,
    );
    return [error.status, error.data.error.code];
  };

  await t.test("are listed by type and name, searched, and paged", async () => {
    const all = await nango.listFunctions(at);
    assert.deepEqual(
      all.data.map(({ type, name }) => `${type} ${name}`),
      ["action add-contact", "action contacts", "on-event welcome", "sync contacts"],
    );
    assert.deepEqual(all.pagination, { total: 4, page: 0, limit: 20 });
    const second = await nango.listFunctions(at, { limit: 3, page: 1 });
    assert.deepEqual([second.data.map(({ name }) => name), second.pagination.total], [["contacts"], 4]);
    const beyond = await nango.listFunctions(at, { page: 9, type: "action", search: "CONTACT" });
    assert.deepEqual(beyond, { data: [], pagination: { total: 2, page: 9, limit: 20 } });
    const found = await nango.listFunctions(at, { search: "%" });
    assert.equal(found.pagination.total, 0);
    assert.deepEqual((await nango.listFunctions({ uniqueKey: "empty" })).data, []);
    assert.deepEqual(await failure(nango.listFunctions({ uniqueKey: "nothing" })), [404, "not_found"]);
    for (const query of ["limit=101", "page=-1", "type=job", "search=%00", "order=name"]) {
      const { status, body } = await api.call("GET", `/integrations/empty/functions?${query}`);
      assert.deepEqual([query, status, body.error.code], [query, 400, "invalid_query_params"]);
    }
  });

  await t.test("say what they take and give, and since when they are deployed", async () => {
    const { data: sync } = await nango.getFunction({ ...at, name: "contacts" }, { type: "sync" });
    const { id, last_deployed, ...rest } = sync;
    assert.ok(id > 0 && Date.parse(last_deployed) > 0);
    assert.deepEqual(rest, {
      type: "sync",
      name: "contacts",
      description: "a sync for tests",
      scopes: ["contacts.read"],
      input: "SyncMetadata_crm_eu_contacts",
      returns: ["Contact"],
      json_schema: {
        definitions: {
          Contact: { type: "object" },
          SyncMetadata_crm_eu_contacts: CONTACTS.definition.metadata_schema,
        },
      },
      runs: "every hour",
      auto_start: true,
      track_deletes: true,
      enabled: true,
      source: "repo",
    });
    const { data: event } = await nango.getFunction({ ...at, name: "welcome" });
    assert.deepEqual([event.type, "event" in event && event.event], ["on-event", "post-connection-creation"]);
  });

  await t.test("a schema that refers to itself still does so below its name", async () => {
    const { data } = await nango.getFunction({ ...at, name: "add-contact" });
    assert.ok(data.type === "action");
    assert.deepEqual([data.input, data.returns], ["ActionInput_crm_eu_addcontact", ["ActionOutput_crm_eu_addcontact"]]);
    const input = data.json_schema?.definitions?.ActionInput_crm_eu_addcontact as typeof INPUT;
    const node = "#/definitions/ActionInput_crm_eu_addcontact/definitions/Node";
    assert.equal(input.properties.parent.$ref, node);
    assert.equal(input.definitions.Node.properties.next.$ref, node);
  });

  await t.test("one name of two types has to be told apart", async () => {
    for (const path of ["contacts", "contacts/code"]) {
      const { status, body } = await api.call("GET", `/integrations/crm%20eu/functions/${path}`);
      const matches = ["action", "sync"].map((type) => ({ type, name: "contacts" }));
      assert.deepEqual([status, body.error.code, body.error.payload], [409, "ambiguous_function", { matches }]);
    }
  });

  await t.test("the text is given as its author wrote it, where it was sent", async () => {
    const code = await nango.getFunctionCode({ ...at, name: "contacts" }, { type: "sync" });
    assert.deepEqual(code, { type: "sync", code: "// contacts.ts\n" });
    assert.deepEqual(await failure(nango.getFunctionCode({ ...at, name: "welcome" })), [404, "not_found"]);
    assert.deepEqual(await failure(nango.getFunctionCode({ ...at, name: "nothing" })), [404, "not_found"]);
    const gone = await failure(nango.getFunction({ ...at, name: "welcome" }, { type: "sync" }));
    assert.deepEqual(gone, [404, "not_found"]);
  });

  await t.test("what came with a folder is not deleted alone; what came alone is, with its syncs", async () => {
    const params = { ...at, name: "contacts" };
    assert.deepEqual(await failure(nango.deleteFunction(params, { type: "sync" })), [
      400,
      "function_managed_by_deploy",
    ]);
    await api.connect("crm eu", "one");
    await api.db.query("update syncline.functions set source = 'standalone' where name = 'contacts' and kind = 'sync'");
    assert.deepEqual(await nango.deleteFunction(params, { type: "sync" }), { data: { success: true } });
    const live = "select count(*)::int from syncline.syncs where deleted_at is null";
    assert.deepEqual(await api.db.query(live), [{ count: 0 }]);
    assert.deepEqual(await failure(nango.deleteFunction(params, { type: "sync" })), [404, "not_found"]);
    const { status } = await api.call("DELETE", "/integrations/crm%20eu/functions/contacts?type=on-event");
    assert.equal(status, 400);
    await api.deploy([CONTACTS, ADD, SAME_NAME, WELCOME]);
  });

  await t.test("another environment's key sees none of them", async () => {
    const key = PROD_KEY;
    await api.integrate("crm eu", { key });
    assert.equal((await api.must("GET", "/integrations/crm%20eu/functions", { key })).pagination.total, 0);
    assert.equal((await api.call("GET", "/integrations/crm%20eu/functions/welcome", { key })).status, 404);
    const gone = await api.call("DELETE", "/integrations/crm%20eu/functions/contacts?type=sync", { key });
    assert.deepEqual([gone.status, gone.body.error.code], [404, "not_found"]);
    assert.deepEqual(await api.must("GET", "/scripts/config", { key }), []);
    assert.deepEqual(await api.must("GET", "/scripts/config?format=openai", { key }), { data: [] });
  });

  await t.test("the configuration of scripts groups them by integration", async () => {
    const [crm, ...others] = (await api.must("GET", "/scripts/config")) as Record<string, object[]>[];
    assert.deepEqual(others, []);
    assert.deepEqual(
      Object.entries(crm!).map(([key, value]) => [key, Array.isArray(value) ? value.length : value]),
      [
        ["providerConfigKey", "crm eu"],
        ["provider", "acme"],
        ["syncs", 1],
        ["actions", 2],
        ["on-events", 1],
      ],
    );
    assert.deepEqual(await nango.getScriptsConfig("nango"), [crm]);
    const { id: _id, last_deployed: _at, json_schema: _schema, ...contacts } = crm!.syncs![0] as Record<string, object>;
    assert.deepEqual(contacts, {
      name: "contacts",
      type: "sync",
      runs: "every hour",
      auto_start: true,
      track_deletes: true,
      webhookSubscriptions: ["contact.changed"],
      input: "SyncMetadata_crm_eu_contacts",
      returns: ["Contact"],
      endpoints: [{ method: "GET", path: "/contacts", group: "People" }],
      version: "1.0.0",
      enabled: true,
      scopes: ["contacts.read"],
      description: "a sync for tests",
      sdk_version: null,
      features: ["checkpoints"],
      source: "repo",
    });
    assert.equal((await api.call("GET", "/scripts/config?format=yaml")).body.error.code, "invalid_query_params");
  });

  await t.test("language models are offered the actions with the schema of their input", async () => {
    const { data } = (await nango.getScriptsConfig("openai")) as { data: object[] };
    assert.deepEqual(data, [
      { name: "add-contact", description: "Adds a contact", parameters: INPUT },
      {
        name: "contacts",
        description: "a sync for tests",
        parameters: { type: "object", properties: {}, required: [] },
      },
    ]);
  });
});
