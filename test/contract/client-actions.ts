// The client's calls of actions and through the proxy, and those that ask no server.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { Nango, type ProxyConfiguration } from "@nangohq/node";
import { until } from "../helpers/until.ts";
import { type Call, callsOf } from "./client-call.ts";
import type { ClientWorld } from "./client-world.ts";

const action = callsOf("triggerAction");
const later = callsOf("triggerActionAsync");
const result = callsOf("getAsyncActionResult");
const variables = callsOf("getEnvironmentVariables");

const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const input = { text: "hello" };

/** Start an action and pick its result up once it is there. */
const pickUp = async ({ nango, must }: ClientWorld, name: string, given: unknown, by: "id" | "statusUrl") => {
  const started = await nango.triggerActionAsync("crm", "one", name, given);
  assert.equal(started.statusUrl, `/action/${started.id}`);
  await until("the action has ended", () =>
    must("GET", started.statusUrl).then(
      () => true,
      (error: Error) => !/: 404 /.test(error.message),
    ),
  );
  return await nango.getAsyncActionResult({ [by]: started[by] });
};

export const actionCalls: Call[] = [
  action.ok(
    "input and output",
    ({ nango }) => nango.triggerAction("crm", "one", "echo", input),
    (out) => assert.deepEqual(out, input),
  ),
  action.fails("input that does not match", "400 invalid_action_input", ({ nango }) =>
    nango.triggerAction("crm", "one", "echo", { text: 1 }),
  ),
  action.fails("an unknown action", "404 not_found", ({ nango }) => nango.triggerAction("crm", "one", "nothing")),
  action.fails("an unknown connection", "400 unknown_connection", ({ nango }) =>
    nango.triggerAction("crm", "nobody", "echo", input),
  ),
  action.fails("an ActionError", "500 action_script_runtime_error", ({ nango }) =>
    nango.triggerAction("crm", "one", "refuses"),
  ),
  action.fails("the provider fails", "424 script_http_error", ({ nango }) =>
    nango.triggerAction("crm", "one", "asks", { status: 418 }),
  ),
  action.strange((client) => client.triggerAction("crm", "one", "echo", input)),
  later.ok("input", ({ nango }) => nango.triggerActionAsync("crm", "one", "echo", input), undefined, 202),
  later.fails("an unknown action", "404 not_found", ({ nango }) => nango.triggerActionAsync("crm", "one", "nothing")),
  later.fails("an unknown connection", "400 unknown_connection", ({ nango }) =>
    nango.triggerActionAsync("crm", "nobody", "echo", input),
  ),
  later.strange((client) => client.triggerActionAsync("crm", "one", "echo", input)),
  result.ok(
    "by its id",
    (world) => pickUp(world, "echo", input, "id"),
    (out) => assert.deepEqual(out, input),
  ),
  result.ok(
    "by its address",
    (world) => pickUp(world, "echo", input, "statusUrl"),
    (out) => assert.deepEqual(out, input),
  ),
  result.fails("of an action that failed", "424 script_http_error", (world) =>
    pickUp(world, "asks", { status: 404 }, "id"),
  ),
  result.fails("an unknown action", "404 not_found", ({ nango }) => nango.getAsyncActionResult({ id: UNKNOWN })),
  result.fails("an id that is none", "400 invalid_uri_params", ({ nango }) => nango.getAsyncActionResult({ id: "x" })),
  result.strange((client) => client.getAsyncActionResult({ id: UNKNOWN })),
  variables.ok(
    "all",
    ({ nango }) => nango.getEnvironmentVariables(),
    (found) => assert.deepEqual(found, [{ name: "COLOUR", value: "red" }]),
  ),
  variables.strange((client) => client.getEnvironmentVariables()),
  variables.malformed((client) => client.getEnvironmentVariables()),
];

const to = { providerConfigKey: "crm", connectionId: "one", endpoint: "/things?a=1" };
type Verb = "get" | "post" | "put" | "patch" | "delete";
const VERBS: Verb[] = ["get", "post", "put", "patch", "delete"];

const echoes =
  (method: string) =>
  ({ data }: { data: { method: string; url: string; headers: { [name: string]: string } } }) => {
    assert.deepEqual(
      [data.method, data.url.split("?")[0], data.headers["x-api-key"]],
      [method, "/things", "key of one"],
    );
  };

const verbCalls = (verb: Verb): Call[] => {
  const calls = callsOf(verb);
  const config = { ...to, ...(verb === "get" ? {} : { data: { a: 1 } }) };
  return [
    calls.ok("the provider answers", ({ nango }) => nango[verb](config), echoes(verb.toUpperCase())),
    calls.fails("the provider refuses", "418", ({ nango }) => nango[verb]({ ...config, endpoint: "/status/418" })),
    calls.fails("an unknown integration", "404 unknown_provider_config", ({ nango }) =>
      nango[verb]({ ...config, providerConfigKey: "no" }),
    ),
    calls.fails("an unknown connection", "400 server_error", ({ nango }) =>
      nango[verb]({ ...config, connectionId: "nobody" }),
    ),
    calls.strange((client) => client[verb](config)),
  ];
};

const proxy = callsOf("proxy");
const options = { retries: 1, retryOn: [418], headers: { "X-Own": "mine" }, params: { b: "2" }, decompress: true };

const webdav = (method: "PROPFIND" | "REPORT"): Call =>
  proxy.ok(method, ({ nango }) => nango.proxy({ ...to, method, data: { a: 1 } } as ProxyConfiguration), echoes(method));

export const proxyCalls: Call[] = [
  proxy.ok(
    "every option",
    ({ nango }) => nango.proxy({ ...to, method: "POST", data: { a: 1 }, ...options }),
    (answer) => {
      echoes("POST")(answer);
      assert.deepEqual(
        [answer.data.url, answer.data.headers["x-own"], answer.data.body],
        ["/things?a=1&b=2", "mine", '{"a":1}'],
      );
    },
  ),
  webdav("PROPFIND"),
  webdav("REPORT"),
  proxy.ok(
    "the provider's own success",
    ({ nango }) => nango.proxy({ ...to, endpoint: "/status/201" }),
    undefined,
    201,
  ),
  proxy.fails("an address that is no URL", "400 invalid_headers", ({ nango }) =>
    nango.proxy({ ...to, baseUrlOverride: "nowhere" }),
  ),
  proxy.fails("an unknown connection", "400 server_error", ({ nango }) =>
    nango.proxy({ ...to, connectionId: "nobody" }),
  ),
  proxy.strange((client) => client.proxy(to)),
  ...VERBS.flatMap(verbCalls),
];

const BODY = '{"from":"nango","type":"sync"}';
const signer = new Nango({ apiKey: "k", webhookSigningKey: "signing key" });
const hmac = createHmac("sha256", "signing key").update(BODY).digest("hex");
const legacy = createHash("sha256").update(`old key${BODY}`).digest("hex");
const verify = callsOf("verifyIncomingWebhookRequest");
const verifyOld = callsOf("verifyWebhookSignature");
const old = new Nango({ secretKey: "old key" });

/** Calls that end in the client; that our webhooks are signed so is for the tests of webhooks. */
export const localCalls: Call[] = [
  {
    ...verify.ok("a good signature", async () =>
      signer.verifyIncomingWebhookRequest(BODY, { "X-Nango-Hmac-Sha256": hmac }),
    ),
    ends: "true",
  },
  verify.fails("another body", "false", () =>
    signer.verifyIncomingWebhookRequest(`${BODY} `, { "x-nango-hmac-sha256": hmac }),
  ),
  verify.fails("no signature", "false", () => signer.verifyIncomingWebhookRequest(BODY, {})),
  {
    ...verifyOld.ok("a good signature", async () => old.verifyWebhookSignature(legacy, JSON.parse(BODY))),
    ends: "true",
  },
  verifyOld.fails("another body", "false", () => old.verifyWebhookSignature(legacy, {})),
  verifyOld.fails("another signature", "false", () => old.verifyWebhookSignature(hmac, JSON.parse(BODY))),
];
