// Promise: what reaches the provider is what the function asked for, with the connection's credentials added and nothing lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { USER_AGENT } from "../../src/outbound/headers.ts";
import type { ProxyRequest } from "../../src/outbound/types.ts";
import { requestUrl } from "../../src/outbound/url.ts";
import { createSender, json, startServer, target } from "./server.ts";

const urlOf = (request: Partial<ProxyRequest>, to = target("https://api.example.com/v2/")) =>
  requestUrl({ method: "GET", endpoint: "", ...request }, to).href;

test("the endpoint is joined to the base, which it may repeat", () => {
  const joined = "https://api.example.com/v2/users?a=1";
  for (const endpoint of ["users?a=1", "/users?a=1", "//users?a=1", joined, `/${joined}`]) {
    assert.equal(urlOf({ endpoint }), joined, endpoint);
  }
  assert.equal(urlOf({ endpoint: "" }), "https://api.example.com/v2");
  assert.equal(urlOf({ endpoint: "https://api.example.com/v2beta/x" }), "https://api.example.com/v2beta/x");
  assert.equal(urlOf({ endpoint: "https://files.example.net/f" }), "https://files.example.net/f");
});

test("an override replaces the base, is filled from the connection, and counts as unset when empty", () => {
  const to = target("https://api.example.com", { connectionConfig: { host: "eu.example.com" } });
  const override = "https://$" + "{connectionConfig.host}/api/";
  assert.equal(urlOf({ endpoint: "/x", baseUrlOverride: override }, to), "https://eu.example.com/api/x");
  assert.equal(urlOf({ endpoint: "/x", baseUrlOverride: "" }, to), "https://api.example.com/x");
  const again = { endpoint: "https://eu.example.com/api/x", baseUrlOverride: override };
  assert.equal(urlOf(again, to), "https://eu.example.com/api/x");
});

test("a base that is missing or cannot be filled is named", () => {
  const unfilled = target("https://$" + "{connectionConfig.subdomain}.example.com");
  assert.throws(() => urlOf({ endpoint: "/x" }, unfilled), { code: "missing_base_url", message: /subdomain/ });
  const none = target("", { provider: { display_name: "None", auth_mode: "NONE" } });
  assert.throws(() => urlOf({ endpoint: "/x" }, none), { code: "missing_base_url" });
  assert.throws(() => urlOf({ endpoint: "/x" }, target("not a url")), { code: "missing_base_url" });
});

test("params as an object are set one by one, as a string they are appended", () => {
  const params = { ids: [1, 2], none: undefined, flag: false, zero: 0, text: "a b&c", a: "new" };
  const expected = "https://api.example.com/v2/x?a=new&ids=1%2C2&flag=false&zero=0&text=a+b%26c";
  assert.equal(urlOf({ endpoint: "/x?a=old", params }), expected);
  assert.equal(urlOf({ endpoint: "/x", params: "a=1&a=2" }), "https://api.example.com/v2/x?a=1&a=2");
  assert.equal(urlOf({ endpoint: "/x", params: "?a=1" }), "https://api.example.com/v2/x?a=1");
  assert.throws(() => urlOf({ endpoint: "/x?b=1", params: "a=1" }), { code: "invalid_query_params" });
});

test("credentials are injected by kind, templates fill headers and query, and the caller wins", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const proxy = {
    base_url: server.url,
    headers: { "X-Api-Key": "$" + "{apiKey}", "x-tenant": "$" + "{connectionConfig.tenant}", "x-version": "7" },
    query: { key: "$" + "{apiKey}" },
  };
  const provider = { display_name: "Keyed", auth_mode: "API_KEY" as const, proxy };
  const keyed = target(server.url, { provider, credentials: { type: "API_KEY", apiKey: "k-123" } });
  await send({}, keyed);
  await send({ headers: { "X-VERSION": "8", "User-Agent": "mine", Host: "evil" }, params: { key: "own" } }, keyed);
  await send({}, target(server.url, { credentials: { type: "BASIC", username: "u", password: "p" } }));
  await send({}, target(server.url, { credentials: { type: "OAUTH2", access_token: "tok" } }));
  await send({ headers: { Authorization: "mine" } }, target(server.url, { credentials: { type: "NONE" } }));
  const [first, second, basic, oauth, own] = server.requests;
  assert.equal(first?.url, "/?key=k-123");
  assert.equal(first?.headers["x-api-key"], "k-123");
  assert.equal(first?.headers["x-version"], "7");
  assert.equal("x-tenant" in (first?.headers ?? {}), false);
  assert.equal(first?.headers["user-agent"], USER_AGENT);
  assert.match(USER_AGENT, /^syncline\/\d+\.\d+\.\d+/);
  assert.equal(second?.url, "/?key=own");
  assert.equal(second?.headers["x-version"], "8");
  assert.equal(second?.headers["user-agent"], USER_AGENT);
  assert.equal(second?.headers.host, `127.0.0.1:${server.port}`);
  assert.equal(basic?.headers.authorization, "Basic dTpw");
  assert.equal(oauth?.headers.authorization, "Bearer tok");
  assert.equal(own?.headers.authorization, "mine");
});

test("data is sent in the form its content type asks for", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const post = async (data: unknown, headers: Record<string, string> = {}, method: ProxyRequest["method"] = "POST") => {
    await send({ method, data, headers }, target(server.url));
    const { body, headers: sent } = server.requests.at(-1)!;
    return [body.toString(), sent["content-type"]];
  };
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  assert.deepEqual(await post({ a: [1, null] }), ['{"a":[1,null]}', "application/json"]);
  assert.deepEqual(await post({ a: 1 }, { "content-type": "application/vnd.api+json" }), [
    '{"a":1}',
    "application/vnd.api+json",
  ]);
  assert.deepEqual(await post("<a/>", { "content-type": "text/xml" }), ["<a/>", "text/xml"]);
  assert.deepEqual(await post(new Uint8Array([104, 105])), ["hi", undefined]);
  const nested = { a: "x y", list: [1, 2], deep: { b: true }, rows: [{ id: 1 }], none: undefined };
  assert.deepEqual(await post(nested, form), [
    "a=x+y&list%5B%5D=1&list%5B%5D=2&deep%5Bb%5D=true&rows%5B0%5D%5Bid%5D=1",
    "application/x-www-form-urlencoded",
  ]);
  assert.deepEqual(await post("a=1&b=2", form), ["a=1&b=2", "application/x-www-form-urlencoded"]);
  assert.deepEqual(await post({ a: 1 }, {}, "DELETE"), ['{"a":1}', "application/json"]);
  assert.deepEqual(await post({ a: 1 }, {}, "GET"), ["", undefined]);
  assert.deepEqual(await post(undefined), ["", undefined]);
});

test("WebDAV's verbs carry a body", async (t) => {
  const server = await startServer(t, (_seen, response) => response.writeHead(207).end("<multistatus/>"));
  const { send } = createSender();
  for (const method of ["PROPFIND", "REPORT"] as const) {
    const headers = { depth: "1", "content-type": "application/xml" };
    const answer = await send({ method, endpoint: "/dav", data: "<x/>", headers }, target(server.url));
    assert.deepEqual([answer.status, answer.data], [207, "<multistatus/>"]);
    const seen = server.requests.at(-1)!;
    assert.deepEqual([seen.method, seen.headers.depth, seen.body.toString()], [method, "1", "<x/>"]);
  }
});

test("a multipart object arrives as a form that can be read back, files included", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  const data = { title: "Ü", file: new Uint8Array([0, 1, 255]), tags: ["a", "b"] };
  await send({ method: "POST", data, headers: { "Content-Type": "multipart/form-data" } }, target(server.url));
  const { body, headers } = server.requests[0]!;
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": headers["content-type"]! },
  }).formData();
  assert.equal(form.get("title"), "Ü");
  assert.deepEqual(form.getAll("tags[]"), ["a", "b"]);
  const file = form.get("file") as File;
  assert.equal(file.name, "file");
  assert.deepEqual(new Uint8Array(await file.arrayBuffer()), data.file);
});

test("a header that cannot be sent, a method or an endpoint that is none, is refused by name", async (t) => {
  const server = await startServer(t, (_seen, response) => json(response, 200, {}));
  const { send } = createSender();
  await assert.rejects(send({ headers: { a: "x\r\nb: y" } }, target(server.url)), { code: "invalid_headers" });
  await assert.rejects(send({ method: "CONNECT" as "GET" }, target(server.url)), { code: "invalid_body" });
  await assert.rejects(send({ endpoint: undefined as unknown as string }, target(server.url)), {
    code: "invalid_body",
  });
  assert.equal(server.requests.length, 0);
});
