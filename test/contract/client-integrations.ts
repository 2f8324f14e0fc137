// The client's calls about providers, integrations and functions.
import assert from "node:assert/strict";
import { type Call, callsOf } from "./client-call.ts";

const providers = callsOf("listProviders");
const provider = callsOf("getProvider");
const templates = callsOf("getProviderTemplates");
const list = callsOf("listIntegrations");
const get = callsOf("getIntegration");
const create = callsOf("createIntegration");
const quick = callsOf("createQuickstartIntegration");
const update = callsOf("updateIntegration");
const remove = callsOf("deleteIntegration");

const oauth = { type: "OAUTH2", client_id: "i", client_secret: "s", scopes: "a" } as const;
const made = { provider: "acme-oauth2", unique_key: "made", credentials: oauth } as const;

export const integrationCalls: Call[] = [
  providers.ok(
    "all",
    ({ nango }) => nango.listProviders({}),
    ({ data }) => assert.ok(data.length > 20),
  ),
  providers.ok(
    "a search",
    ({ nango }) => nango.listProviders({ search: "ACME" }),
    ({ data }) => assert.equal(data.length, 2),
  ),
  providers.fails("a search of 256 characters", "400 invalid_query_params", ({ nango }) =>
    nango.listProviders({ search: "x".repeat(256) }),
  ),
  providers.strange((client) => client.listProviders({})),
  provider.ok(
    "one",
    ({ nango }) => nango.getProvider({ provider: "acme" }),
    ({ data }) => assert.equal(data.auth_mode, "API_KEY"),
  ),
  provider.fails("an unknown one", "404 not_found", ({ nango }) => nango.getProvider({ provider: "nothing" })),
  provider.strange((client) => client.getProvider({ provider: "acme" })),
  templates.ok(
    "of a provider",
    ({ nango }) => nango.getProviderTemplates({ provider: "github" }),
    ({ data }) => assert.ok(Array.isArray(data)),
  ),
  templates.fails("a malformed provider", "400 invalid_uri_params", ({ nango }) =>
    nango.getProviderTemplates({ provider: "a.b" }),
  ),
  templates.strange((client) => client.getProviderTemplates({ provider: "acme" })),
  create.ok(
    "with credentials",
    ({ nango }) => nango.createIntegration(made),
    ({ data }) => assert.equal(data.unique_key, "made"),
  ),
  create.fails("the same again", "400 invalid_body", ({ nango }) => nango.createIntegration(made)),
  create.fails("an unknown provider", "400 invalid_body", ({ nango }) =>
    nango.createIntegration({ provider: "nothing", unique_key: "x" }),
  ),
  create.strange((client) => client.createIntegration(made)),
  quick.fails("a server of one's own shares no app", "400 invalid_body", ({ nango }) =>
    nango.createQuickstartIntegration({ provider: "github", unique_key: "quick" }),
  ),
  quick.fails("an unknown provider", "400 invalid_body", ({ nango }) =>
    nango.createQuickstartIntegration({ provider: "nothing", unique_key: "quick" }),
  ),
  quick.strange((client) => client.createQuickstartIntegration({ provider: "github", unique_key: "quick" })),
  list.ok(
    "all",
    ({ nango }) => nango.listIntegrations(),
    ({ configs }) => assert.deepEqual(configs.map((one) => one.unique_key).sort(), ["crm", "made", "oauth"]),
  ),
  list.strange((client) => client.listIntegrations()),
  list.malformed((client) => client.listIntegrations()),
  get.ok(
    "one",
    ({ nango }) => nango.getIntegration({ uniqueKey: "made" }),
    ({ data }) => assert.equal(data.credentials, undefined),
  ),
  get.ok(
    "with its credentials",
    ({ nango }) => nango.getIntegration({ uniqueKey: "made" }, { include: ["webhook", "credentials"] }),
    ({ data }) => assert.equal(data.credentials?.type, "OAUTH2"),
  ),
  get.fails("an unknown one", "404 not_found", ({ nango }) => nango.getIntegration({ uniqueKey: "no" })),
  get.fails("an unknown part", "400 invalid_query_params", ({ nango }) =>
    nango.getIntegration({ uniqueKey: "made" }, { include: ["all" as "webhook"] }),
  ),
  get.strange((client) => client.getIntegration({ uniqueKey: "made" })),
  update.ok(
    "its name",
    ({ nango }) => nango.updateIntegration({ uniqueKey: "made" }, { display_name: "Made" }),
    ({ data }) => assert.equal(data.display_name, "Made"),
  ),
  update.fails("an unknown one", "404 not_found", ({ nango }) => nango.updateIntegration({ uniqueKey: "no" }, {})),
  update.fails("renamed while connected", "400 invalid_body", ({ nango }) =>
    nango.updateIntegration({ uniqueKey: "crm" }, { unique_key: "renamed" }),
  ),
  update.strange((client) => client.updateIntegration({ uniqueKey: "made" }, {})),
  remove.ok("one", ({ nango }) => nango.deleteIntegration("made")),
  remove.fails("one that is gone", "404 not_found", ({ nango }) => nango.deleteIntegration("made")),
  remove.fails("a malformed key", "400 invalid_uri_params", ({ nango }) => nango.deleteIntegration("a*b")),
  remove.strange((client) => client.deleteIntegration("made")),
];

const functions = callsOf("listFunctions");
const one = callsOf("getFunction");
const code = callsOf("getFunctionCode");
const removeOne = callsOf("deleteFunction");
const scripts = callsOf("getScriptsConfig");
const crm = { uniqueKey: "crm" };

export const functionCalls: Call[] = [
  functions.ok(
    "all",
    ({ nango }) => nango.listFunctions(crm),
    ({ data, pagination }) => assert.deepEqual([data.length, pagination], [5, { total: 5, page: 0, limit: 20 }]),
  ),
  functions.ok(
    "actions, two a page",
    ({ nango }) => nango.listFunctions(crm, { type: "action", search: "e", limit: 2, page: 0 }),
    ({ data }) => assert.equal(data.length, 2),
  ),
  functions.fails("an unknown integration", "404 not_found", ({ nango }) => nango.listFunctions({ uniqueKey: "no" })),
  functions.fails("a limit of 101", "400 invalid_query_params", ({ nango }) =>
    nango.listFunctions(crm, { limit: 101 }),
  ),
  functions.strange((client) => client.listFunctions(crm)),
  one.ok(
    "a sync",
    ({ nango }) => nango.getFunction({ ...crm, name: "contacts" }),
    ({ data }) => assert.equal(data.type, "sync"),
  ),
  one.ok(
    "an action",
    ({ nango }) => nango.getFunction({ ...crm, name: "echo" }, { type: "action" }),
    ({ data }) => assert.equal(data.name, "echo"),
  ),
  one.fails("an unknown one", "404 not_found", ({ nango }) => nango.getFunction({ ...crm, name: "nothing" })),
  one.fails("an unknown type", "400 invalid_query_params", ({ nango }) =>
    nango.getFunction({ ...crm, name: "echo" }, { type: "x" as "sync" }),
  ),
  one.strange((client) => client.getFunction({ ...crm, name: "echo" })),
  code.ok(
    "of an action",
    ({ nango }) => nango.getFunctionCode({ ...crm, name: "echo" }),
    (found) => assert.match(found.code, /createAction|exec/),
  ),
  code.fails("an unknown one", "404 not_found", ({ nango }) => nango.getFunctionCode({ ...crm, name: "nothing" })),
  code.fails("an unknown integration", "404 not_found", ({ nango }) =>
    nango.getFunctionCode({ uniqueKey: "no", name: "echo" }),
  ),
  code.strange((client) => client.getFunctionCode({ ...crm, name: "echo" })),
  scripts.ok(
    "as the published format",
    ({ nango }) => nango.getScriptsConfig(),
    (found) => assert.ok(Array.isArray(found)),
  ),
  scripts.ok(
    "as tools",
    ({ nango }) => nango.getScriptsConfig("openai"),
    (found) => assert.ok("data" in found),
  ),
  scripts.fails("another format", "400 invalid_query_params", ({ nango }) => nango.getScriptsConfig("xml" as "nango")),
  scripts.strange((client) => client.getScriptsConfig()),
];

/** At the end: what the other calls use goes. */
export const lastFunctionCalls: Call[] = [
  removeOne.ok("one that was deployed alone", ({ nango }) =>
    nango.deleteFunction({ ...crm, name: "refuses" }, { type: "action" }),
  ),
  removeOne.fails("one that came with a folder", "400 function_managed_by_deploy", ({ nango }) =>
    nango.deleteFunction({ ...crm, name: "echo" }, { type: "action" }),
  ),
  removeOne.fails("an unknown one", "404 not_found", ({ nango }) =>
    nango.deleteFunction({ ...crm, name: "nothing" }, { type: "action" }),
  ),
  removeOne.fails("no type", "400 invalid_query_params", ({ nango }) =>
    nango.deleteFunction({ ...crm, name: "echo" }, {} as never),
  ),
  removeOne.strange((client) => client.deleteFunction({ ...crm, name: "echo" }, { type: "action" })),
];
