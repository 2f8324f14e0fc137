// Deploying as the published command line does: bundles in, and out come functions like ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type TestApi, testApi } from "./api.ts";

type Flow = { syncName: string; type: string; providerConfigKey: string; fileBody: { js: string; ts: string } };

const bundle = (literal: string): string => `"use strict";
var z = require("zod");
module.exports = { default: ${literal} };
`;

const syncBundle = (model = "Contact", exec = "", more = ""): string =>
  bundle(`{ type: "sync", description: "contacts", frequency: "every hour", autoStart: true, ${more}
  models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { ${exec} } }`);

const ACTION = bundle(`{ type: "action", description: "adds", input: z.object({ a: z.number() }), output: z.number(),
  exec: async (nango, { a }) => a + 1 }`);

const EVENT = bundle(`{ type: "onEvent", description: "greets", event: "post-connection-creation",
  exec: async (nango) => { await nango.updateMetadata({ greeted: true }); } }`);

const sync = (syncName: string, js = syncBundle(), over: object = {}): Flow => ({
  type: "sync",
  providerConfigKey: "crm",
  syncName,
  fileBody: { js, ts: `// ${syncName}` },
  ...{ models: ["Contact"], runs: "every hour", track_deletes: false },
  ...over,
});

const action = (syncName: string, js = ACTION): Flow => sync(syncName, js, { type: "action", runs: null });

const packageOf = (flowConfigs: Flow[], over: object = {}) => ({
  flowConfigs,
  reconcile: true,
  debug: false,
  deployMode: "all",
  ...over,
});

const withEvent = (js = EVENT) => ({
  onEventScriptsByProvider: [
    {
      providerConfigKey: "crm",
      scripts: [{ name: "greet", event: "post-connection-creation", fileBody: { js, ts: "" } }],
    },
  ],
});

const preview = (api: TestApi, flows: Flow[], over: object = {}) =>
  api.call("POST", "/sync/deploy/confirmation", { body: packageOf(flows, { reconcile: false, ...over }) });

const deploy = (api: TestApi, flows: Flow[], over: object = {}) =>
  api.call("POST", "/sync/deploy", { body: packageOf(flows, { nangoYamlBody: "", source: "repo", ...over }) });

const NOTHING = {
  ...{ newSyncs: [], updatedSyncs: [], deletedSyncs: [], newActions: [], updatedActions: [], deletedActions: [] },
  ...{ newOnEventScripts: [], updatedOnEventScripts: [], deletedOnEventScripts: [], deletedModels: [] },
};

test("the published command line deploys", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.integrate("erp");

  await t.test("a folder of bundles is previewed, deployed, changed and reduced, and its functions run", async () => {
    const all = [sync("contacts"), sync("deals", syncBundle("Deal")), action("add")];
    const added = { providerConfigKey: "crm", auto_start: true, connections: 0 };
    assert.deepEqual((await preview(api, all, withEvent())).body, {
      ...NOTHING,
      newSyncs: [
        { ...added, name: "contacts" },
        { ...added, name: "deals" },
      ],
      newActions: [{ providerConfigKey: "crm", name: "add" }],
      newOnEventScripts: [{ providerConfigKey: "crm", name: "greet", event: "post-connection-creation" }],
    });
    const first = await deploy(api, all, withEvent());
    assert.equal(first.status, 200, first.text);
    const [{ version, ...contacts }] = first.body;
    const shape = { name: "contacts", providerConfigKey: "crm", type: "sync", models: ["Contact"], runs: "every hour" };
    assert.deepEqual(contacts, shape);
    assert.match(version, /^[0-9a-f]{8}$/);
    assert.deepEqual((await preview(api, all, withEvent())).body, NOTHING);

    const { id } = await api.connect("crm", "one");
    assert.equal(await api.runs.runAction({ connection: id, name: "add", input: { a: 2 } }), 3);
    const less = [sync("contacts", syncBundle("Contact", "return;"), { version: "7" })];
    assert.deepEqual((await preview(api, less)).body, {
      ...NOTHING,
      updatedSyncs: [{ ...added, name: "contacts", connections: 1 }],
      deletedSyncs: [{ ...added, name: "deals", connections: 1 }],
      deletedActions: [{ providerConfigKey: "crm", name: "add" }],
      deletedOnEventScripts: [{ providerConfigKey: "crm", name: "greet", event: "post-connection-creation" }],
      deletedModels: ["Deal"],
    });
    assert.deepEqual((await deploy(api, less)).body, [{ ...shape, version: "7" }]);
    const rows = await api.db.query("select name, version, source_code from syncline.functions where is_active");
    assert.deepEqual(rows, [{ name: "contacts", version: "7", source_code: "// contacts" }]);
  });

  await t.test("one function alone, or one integration, leaves the others as they are", async () => {
    await deploy(api, [
      sync("contacts"),
      action("add"),
      sync("bills", syncBundle("Bill"), { providerConfigKey: "erp" }),
    ]);
    const names = async () =>
      (await api.db.query("select name from syncline.functions where is_active order by name")).map(({ name }) => name);
    await deploy(api, [sync("contacts", syncBundle("Contact", "return;"))], { deployMode: "single" });
    await deploy(api, [action("add")], { reconcile: false });
    assert.deepEqual(await names(), ["add", "bills", "contacts"]);
    await deploy(api, [action("add")], { deployMode: "integration" });
    assert.deepEqual(await names(), ["add", "bills"]);
  });

  await t.test("bundles that are no function are all named, and nothing is deployed", async () => {
    const broken = [
      sync("contacts"),
      sync("syntax", "const a = ;"),
      sync("throws", `throw new Error("not today");`),
      sync("empty", "module.exports = {};"),
      sync("files", `require("fs");`),
      sync("bare", bundle(`{ type: "sync", description: "x", exec: async () => {} }`)),
      action("other", syncBundle()),
      sync("botbuilder", `require("botbuilder");`),
    ];
    const before = await api.db.query("select * from syncline.functions");
    for (const send of [preview, deploy]) {
      const { status, body } = await send(api, broken, withEvent("module.exports = 1;"));
      assert.equal(status, 400);
      assert.equal(body.error.code, "function_compile_failed");
      const said = body.error.errors.map(
        ({ path, message }: { path: string[]; message: string }) => `${path[1]} ${message}`,
      );
      const expected = [
        /^1 crm\/syncs\/syntax\.ts: Unexpected token/,
        /^2 crm\/syncs\/throws\.ts: not today/,
        /^3 crm\/syncs\/empty\.ts: The default export must be createSync/,
        /^4 crm\/syncs\/files\.ts: A function cannot require "fs"/,
        /^5 crm\/syncs\/bare\.ts: "frequency" is missing/,
        /^5 crm\/syncs\/bare\.ts: "models" is missing/,
        /^6 crm\/actions\/other\.ts: This is a function of kind sync, not action/,
        /^7 crm\/syncs\/botbuilder\.ts: "botbuilder" is not installed/,
        /^0 crm\/on-events\/greet\.ts: The default export must be/,
      ];
      assert.equal(said.length, expected.length, said.join("\n"));
      for (const [index, pattern] of expected.entries()) assert.match(said[index], pattern);
      assert.match(body.error.message, /crm\/syncs\/syntax\.ts.*\n.*crm\/syncs\/throws\.ts/);
    }
    assert.deepEqual(await api.db.query("select * from syncline.functions"), before);
  });

  await t.test("what a deployment cannot be says what to do, in the preview already", async () => {
    const missing = await preview(api, [sync("contacts", syncBundle(), { providerConfigKey: "nowhere" })]);
    assert.equal(missing.status, 400);
    assert.match(
      missing.body.error.message,
      /^there is no integration "nowhere" in this environment\. Create it first:/,
    );
    const twice = await deploy(api, [sync("contacts"), sync("contacts")]);
    assert.match(twice.body.error.message, /"contacts" of "crm" is there twice/);
    const rare = syncBundle().replace("every hour", "every blue moon");
    assert.match((await deploy(api, [sync("contacts", rare)])).body.error.message, /crm\/contacts: frequency/);
    const unknown = await deploy(api, [sync("contacts", syncBundle(), { surprise: 1 })]);
    assert.equal(unknown.body.error.code, "invalid_body");
    assert.deepEqual(unknown.body.error.errors[0].path, ["flowConfigs", "0"]);
  });

  await t.test("a command line that is too old is refused, and one of another environment as well", async () => {
    const body = packageOf([sync("contacts")], { nangoYamlBody: "" });
    const as = (agent: string) => api.call("POST", "/sync/deploy", { body, headers: { "user-agent": agent } });
    for (const version of ["0.39.24", "0.9.99"]) {
      const { status, body } = await as(`nango-cli/${version} (linux/6)`);
      assert.equal(status, 400);
      assert.equal(body.error.code, "invalid_cli_version");
    }
    for (const version of ["0.39.25", "0.71.10", "1.0.0"])
      assert.equal((await as(`nango-cli/${version} (x)`)).status, 200);
    const internal = (name: string) => api.call("POST", `/sync/deploy/internal?customEnvironment=${name}`, { body });
    assert.equal((await internal("prod")).status, 403);
    assert.equal((await internal("dev")).status, 200);
  });

  await t.test("a bundle that needs a package finds it, and its errors are at the author's lines", async () => {
    const zip = bundle(`{ type: "action", description: "unzips", input: z.void(), output: z.string(),
  exec: async () => typeof require("unzipper").Open.buffer }`);
    assert.equal((await deploy(api, [action("unzip", zip)])).status, 200);
    const { id } = await api.connect("crm", "two");
    assert.equal(await api.runs.runAction({ connection: id, name: "unzip", input: undefined }), "function");
    const map = {
      version: 3,
      sources: ["crm/actions/unzip.ts"],
      sourcesContent: ["secret"],
      names: [],
      mappings: "AAAA;AAAA",
    };
    const end = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}\n`;
    const thrown = `"use strict";\nthrow new Error(typeof require("unzipper"));\n${end}`;
    const { body } = await deploy(api, [action("unzip", thrown)]);
    assert.match(body.error.message, /crm\/actions\/unzip\.ts:1:1: object/);
  });

  await t.test("a bundle that eats memory is ended, and the next deployment works", async () => {
    const hungry = sync("contacts", "const a = []; for (;;) a.push(new Array(1e5).fill(1));");
    const { body } = await preview(api, [hungry]);
    assert.match(body.error.message, /crm\/syncs\/contacts\.ts: .*memory/);
    assert.equal((await preview(api, [sync("contacts")])).status, 200);
  });

  await t.test("the command line's other questions are answered", async () => {
    const event = { deviceId: "x", event: "cli:deploy", ephemeral: false };
    assert.equal((await api.call("POST", "/cli/telemetry", { body: event, key: null })).status, 204);
    assert.deepEqual(await api.must("GET", "/api/v1/environments"), { data: [{ name: "dev" }] });
    const reconciliationScope = { kind: "environment" };
    const none = { body: { reconciliationScope, functions: [] } };
    const nothing = { created: [], updated: [], unchanged: [], deleted: [] };
    assert.deepEqual(await api.must("POST", "/functions/deployments/bundle/preview", none), nothing);
    assert.deepEqual(await api.must("POST", "/functions/deployments/bundle", none), nothing);
    const some = { body: { reconciliationScope, functions: [{ name: "one" }] } };
    const refused = await api.call("POST", "/functions/deployments/bundle", some);
    assert.equal(refused.body.error.code, "functions_deployment_error");
  });
});
