// Promise: with the setting of production no request reaches a private address, whichever door it comes through and however
// the address is written: not one connection is made, not one byte sent.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { type TestContext, test } from "node:test";
import { createDeliveries } from "../../src/jobs/deliver-task.ts";
import { createLogger } from "../../src/log.ts";
import { createHttpClient } from "../../src/outbound/client.ts";
import { createForwarding } from "../../src/outbound/forward.ts";
import { sendRequest } from "../../src/outbound/send.ts";
import type { ProxyRequest } from "../../src/outbound/types.ts";
import { sendWebhook } from "../../src/runs/webhook.ts";
import { figures } from "../helpers/figures.ts";
import { compileTexts } from "../helpers/installation.ts";
import { of, testApi } from "../http/api.ts";
import { read, startUpstream } from "../http/proxy-world.ts";
import { setTrap, tableLookup } from "./private-addresses.ts";
import { target } from "./server.ts";

// Refused before anything was dialled. A code of the network but that of a name that is not there would mean that it was.
const REFUSALS = new Set([
  ...["host_not_allowed", "url_not_allowed", "base_url_override_not_allowed", "invalid_headers", "missing_api_url"],
  ...["missing_base_url", "invalid_redirect", "ERR_INVALID_URL", "ENOTFOUND", "UND_ERR_INVALID_ARG"],
]);

const allowing = { allowPrivateHosts: [], lookup: tableLookup };

const FUNCTION = `
import { createAction } from "syncline";
import * as z from "zod";
const codeOf = async (ask) => {
  try { await ask(); return "reached"; } catch (error) { return error.payload?.code ?? error.code ?? error.message; }
};
export default createAction({ description: "d", version: "1.0.0", input: z.array(z.string()), output: z.any(),
  exec: async (nango, urls) => {
    const codes = [];
    for (const url of urls) {
      codes.push([url, await codeOf(() => nango.get({ endpoint: url }))]);
      codes.push([url, await codeOf(() => nango.post({ endpoint: "/x", baseUrlOverride: url, data: { a: 1 } }))]);
      codes.push([url, await codeOf(() => nango.uncontrolledFetch({ url: new URL(url) }))]);
    }
    return codes;
  } });
`;

const refused = (codes: [string, unknown][]): void => {
  for (const [url, code] of codes) assert.ok(REFUSALS.has(String(code)), `${url}: ${code}`);
};

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "reached",
    (error) => error.code,
  );

// What is no Latin text cannot stand in a header: its bytes do.
const asHeader = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test("through no door is a private address reached", async (t) => {
  const api = await testApi(t, allowing);
  const { caught, port, urls } = await setTrap(t);
  const nothing = () => assert.deepEqual(caught, { connections: 0, bytes: 0 });
  figures(t, { forms: urls.length });
  assert.ok(urls.length >= 60);
  await api.integrate("crm");
  await api.connect("crm", "one", { connection_config: { baseUrl: `http://127.0.0.1:${port}` } });

  const askProxy = async (headers: Record<string, string>, connection = "one"): Promise<string> => {
    const own = { authorization: "Bearer dev-key-0123456789abcdef", ...of("crm", connection), ...headers };
    const asked = request(`${api.url}/proxy/x`, { method: "POST", headers: own });
    const answer = read(asked);
    asked.end("body");
    const { status, text } = await answer;
    if (status === 200) return "reached";
    const { code, payload } = JSON.parse(text).error;
    return payload?.code ?? code;
  };

  await t.test("by the proxy, with another base URL or the connection's own", async () => {
    const codes: [string, unknown][] = [];
    for (const url of urls) codes.push([url, await askProxy({ "base-url-override": asHeader(url), retries: "1" })]);
    refused(codes);
    assert.equal(await askProxy({}), "host_not_allowed");
    nothing();
  });

  await t.test("by a function, as endpoint, base URL or any address", async () => {
    const functions = await compileTexts({ "crm/actions/try.ts": FUNCTION });
    await api.deploy(functions);
    const codes = await api.must("POST", "/action/trigger", {
      headers: of("crm", "one"),
      body: { action_name: "try", input: urls },
    });
    assert.equal(codes.length, urls.length * 3);
    // A text that is no web address is a path under the connection's base URL, which is private itself.
    refused(codes.filter(([, code]: [string, string]) => code !== "Invalid URL"));
    nothing();
  });

  await t.test("by a webhook, sent at once or set in the environment or a connection", async () => {
    const http = createHttpClient(allowing);
    t.after(http.close);
    const codes: [string, unknown][] = [];
    for (const url of urls) {
      const send = sendWebhook({ http });
      codes.push([url, (await send({ url, uid: "u", signingKey: "key" }, { headers: {}, body: "{}" })).error]);
    }
    refused(codes);
    // What is set is judged at once, unless its name leads nowhere yet, and once more when it is sent.
    for (const [url, code] of codes) {
      const { status, body } = await api.call("PATCH", "/environment/webhooks", { body: { secondary_url: url } });
      if (status === 200) assert.equal(code, "ENOTFOUND", url);
      else assert.deepEqual([body.error.code, body.error.errors[0].path], ["invalid_body", ["secondary_url"]], url);
    }
    const three = `http://[::ffff:7f00:1]:${port}/3`;
    const credentials = { type: "API_KEY", apiKey: "k" };
    const pair = { provider_config_key: "crm", connection_id: "three", credentials };
    const overridden = await api.call("POST", "/connections", { body: { ...pair, webhook_url_override: three } });
    assert.deepEqual(overridden.body.error.errors[0].path, ["webhook_url_override"]);
    const private_ = [`http://127.0.0.1:${port}/1`, `http://localhost:${port}/2`];
    const set = "update syncline.environments set webhook_url_primary = $1, webhook_url_secondary = $2";
    await api.db.query(set, private_);
    await api.connect("crm", "two");
    await api.db.query("update syncline.environments set webhook_url_primary = $1, webhook_url_secondary = null", [
      three,
    ]);
    await api.connect("crm", "three");
    const { keys, runs } = api;
    const log = createLogger("silent");
    const deliveries = createDeliveries({ db: api.db.pool, keys, http, logs: runs.logs, log, isStopping: () => false });
    await deliveries.task();
    await deliveries.stop();
    await runs.logs.flush();
    const rows = await api.db.query("select detail ->> 'error' as error from syncline.logs where kind = 'webhook'");
    assert.deepEqual(
      rows.map(({ error }) => error),
      ["host_not_allowed", "host_not_allowed", "host_not_allowed"],
    );
    nothing();
  });
});

/** Asks as a function and as the proxy do; the code each fails with. */
const askers = (t: TestContext, deps: { allowPrivateHosts: string[]; lookup: LookupFunction }) => {
  const send = sendRequest(deps);
  const { forward, close } = createForwarding(deps);
  t.after(() => close(0));
  return async (baseUrl: string, path: string): Promise<string[]> => {
    const getTarget = async () => target(baseUrl);
    const asked: ProxyRequest = { method: "GET", endpoint: path };
    const whole = { method: "GET", path, query: "", headers: {}, bodyHeaders: {}, body: null };
    return [await codeOf(send(asked, getTarget)), await codeOf(forward(whole, getTarget))];
  };
};

test("no redirect leads to a private address, from a host that may be asked", async (t) => {
  const { caught, urls } = await setTrap(t);
  const lookup: LookupFunction = (name, options, callback) =>
    name === "public.example"
      ? callback(null, [{ address: "127.0.0.1", family: 4 }])
      : tableLookup(name, options, callback);
  let hasStayed = false;
  const server = createServer((req, res) => {
    const url = urls[Number(req.url!.slice(1))];
    hasStayed = url === undefined;
    // As bytes: Node writes no other texts into headers.
    if (url === undefined) res.writeHead(404).end();
    else res.writeHead(302, { location: asHeader(url) }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close().closeAllConnections());
  // Only by this name: the address itself is as private as the others.
  const ask = askers(t, { allowPrivateHosts: ["public.example"], lookup });
  const base = `http://public.example:${(server.address() as AddressInfo).port}`;
  const codes: [string, string][] = [];
  const own: string[] = [];
  for (const [index, url] of urls.entries()) {
    const found = await ask(base, String(index));
    if (hasStayed) own.push(url);
    else for (const code of found) codes.push([url, code]);
  }
  refused(codes);
  // Read beside the URL of the redirecting host, these are paths there.
  assert.deepEqual(
    own.map((url) => url.replace(/127.*/, "")),
    ["http:", "http:/"],
  );
  assert.deepEqual(caught, { connections: 0, bytes: 0 });
});

test("a name whose answer changes is judged by the answer that is dialled", async (t) => {
  const { caught, port } = await setTrap(t);
  const upstream = createServer((_req, res) =>
    res.writeHead(302, { location: `http://rebound.example:${port}/again`, connection: "close" }).end(),
  );
  // On the trap's port, at an address that the operator allows.
  await new Promise<void>((resolve) => upstream.listen(port, "127.0.0.9", resolve));
  t.after(() => upstream.close().closeAllConnections());
  const PRIVATE = [
    ...["127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.2.2"],
    ...[
      "168.63.129.16",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "fe80::1%lo",
    ],
    ...["fd00::2", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::1"],
  ];
  let lookups = 0;
  let later: string[] = [];
  const lookup: LookupFunction = (_name, _options, callback) => {
    lookups += 1;
    const addresses = lookups % 2 === 1 ? ["127.0.0.9"] : later;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  const ask = askers(t, { allowPrivateHosts: ["127.0.0.9"], lookup });
  for (const address of PRIVATE) {
    for (later of [[address], ["127.0.0.9", address], [address, "127.0.0.9"]]) {
      lookups = 0;
      assert.deepEqual(
        await ask(`http://rebound.example:${port}`, "x"),
        ["host_not_allowed", "host_not_allowed"],
        address,
      );
      assert.equal(lookups, 4, "each request looks up once for each of its two connections");
    }
  }
  assert.deepEqual(caught, { connections: 0, bytes: 0 });
});

test("what development allows is reached, by name, by address and by network", async (t) => {
  const upstream = await startUpstream(t);
  const { port } = new URL(upstream.url);
  for (const [allowed, host] of [
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.0/8", "2130706433"],
    ["127.0.0.0/30", "[::ffff:127.0.0.1]"],
    ["localhost", "localhost."],
    ["mixed.example", "MIXED.example"],
  ] as const) {
    const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);
    const ask = askers(t, { allowPrivateHosts: [allowed], lookup });
    assert.deepEqual(await ask(`http://${host}:${port}`, "x"), ["reached", "reached"], allowed);
    assert.deepEqual(
      await ask(`http://127.1.0.1:${port}`, "x"),
      allowed === "127.0.0.0/8" ? ["ECONNREFUSED", "ECONNREFUSED"] : ["host_not_allowed", "host_not_allowed"],
    );
  }
});
