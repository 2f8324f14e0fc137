// Which recorded entry answers a request, and what is said when none does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { explainStranger } from "../../src/functions/fixtures/explain.ts";
import type { Api, Entry } from "../../src/functions/fixtures/fixture.ts";
import { formsOf, hashOf } from "../../src/functions/fixtures/identity.ts";
import { createMatcher } from "../../src/functions/fixtures/match.ts";
import type { ProxyRequest } from "../../src/outbound/types.ts";

const get = (endpoint: string, rest: Partial<ProxyRequest> = {}): ProxyRequest => ({
  method: "GET",
  endpoint,
  ...rest,
});
const post = (endpoint: string, rest: Partial<ProxyRequest> = {}): ProxyRequest => ({
  method: "POST",
  endpoint,
  ...rest,
});

const answer = (api: Api, request: ProxyRequest): unknown => createMatcher(api).find(request)?.entry.response;

const entry = (response: unknown, request?: Entry["request"], hash?: string): Entry => ({
  response,
  ...(request && { request }),
  ...(hash && { hash }),
});

test("a request has the hash that recorders give it", () => {
  const hash = (request: ProxyRequest) => hashOf(formsOf(request)[0]!);
  const page = (more: object) =>
    get("/items", { params: { region: "eu", per_page: 2, ...more }, headers: { "X-Api-Version": "2" } });
  assert.equal(hash(page({})), "48de0465e224e32b4ff99921b82eafc7aebe58f5");
  assert.equal(hash(page({ cursor: "p2" })), "064bc643596643bf61f752a3a203aca38825b59c");
  const search = post("search", {
    data: { q: "x", nested: { a: 1 } },
    headers: { "content-type": "application/json" },
  });
  assert.equal(hash(search), "5c5d0868f972a3a129baf3e56bcd7b50655ae31d");
  const sent = { authorization: "Bearer x", "User-Agent": "y", "retry-on": "1", Accept: "z" };
  assert.equal(hash({ ...search, headers: sent }), "5c5d0868f972a3a129baf3e56bcd7b50655ae31d");
});

test("the same hash comes before the same question, and both before the only entry of a path", () => {
  const hash = hashOf(formsOf(get("/items", { params: { a: "1" } }))[0]!);
  const items = [entry("same question", { params: { a: "1" } }), entry("same hash", { params: { b: "2" } }, hash)];
  assert.equal(answer({ get: { "/items": items } }, get("/items", { params: { a: 1 } })), "same hash");
  assert.equal(answer({ get: { "/items": [items[0]!] } }, get("/items?a=1")), "same question");
  assert.equal(answer({ get: { "/items": entry("only") } }, get("items")), "only");
  assert.equal(answer({ get: { "/items": entry("only") } }, get("items", { params: { a: 1 } })), undefined);
  assert.equal(answer({ get: { "/items": [entry("one"), entry("two")] } }, get("items")), undefined);
});

test("however an author writes the parameters, they are the same", () => {
  const api: Api = { get: { "/v1/items": entry("found", { params: { ids: "1,2", n: "5", yes: "true" } }) } };
  for (const request of [
    get("/v1/items", { params: { n: 5, ids: [1, 2], yes: true, not: undefined } }),
    get("v1/items?yes=true&ids=1,2&n=5"),
    get("/v1/items?n=5", { params: "ids=1%2C2&yes=true" }),
    get("https://api.example.com/v1/items?n=5&ids=1,2&yes=true"),
  ]) {
    assert.equal(answer(api, request), "found", JSON.stringify(request));
  }
  assert.equal(answer(api, get("/v1/items", { params: { n: 5, ids: [1, 2] } })), undefined);
});

test("a path is found in whichever form it was recorded", () => {
  const api: Api = {
    get: { "/a%20b": entry(1), "/c d": entry(2), "/e/": entry(3), "f?x=1": entry(4) },
    POST: { "/g": entry(5) },
  };
  assert.equal(answer(api, get("/a b")), 1);
  assert.equal(answer(api, get("/c%20d")), 2);
  assert.equal(answer(api, get("/e")), 3);
  assert.equal(answer(api, get("/f", { params: { x: 1 } })), 4);
  assert.equal(answer(api, post("/g")), 5);
});

test("the path as it was asked comes before its other forms", () => {
  const api: Api = {
    get: { "/items/": entry(1), "/items": entry(2), "/x/": entry(3), "/x": entry(4, { params: { a: "1" } }) },
  };
  assert.equal(answer(api, get("/items")), 2);
  assert.equal(answer(api, get("/items/")), 1);
  assert.equal(answer(api, get("/x")), 3);
});

test("repeated parameters of an endpoint are one joined by commas, or the last", () => {
  const found = (params: object) => answer({ get: { "/x": entry(1, { params }) } }, get("/x?a=1&a=2"));
  assert.deepEqual(
    [found({ a: "1,2" }), found({ a: ["1", "2"] }), found({ a: "2" }), found({ a: "1" })],
    [1, 1, 1, undefined],
  );
});

test("bodies are the same when their JSON is, as text or as object, as a form, or by their digest", () => {
  const api: Api = {
    post: {
      "/json": entry(1, { data: { a: 1, b: [{ c: 2, d: 3 }] } }),
      "/form": entry(2, { data: "a=1&b=2" }),
      "/long": entry(3, { data: "sha1:22d2f1c7bffd4cb3da5a17c1ea0b0a0ad4dbd4cd" }),
      "/any": [entry(4, { params: {} })],
    },
  };
  const form = { "content-type": "application/x-www-form-urlencoded;charset=utf-8" };
  assert.equal(answer(api, post("/json", { data: { b: [{ d: 3, c: 2 }], a: 1 } })), 1);
  assert.equal(answer(api, post("/json", { data: '{"b":[{"d":3,"c":2}],"a":1}' })), 1);
  assert.equal(answer(api, post("/json", { data: { a: 1 } })), undefined);
  assert.equal(answer(api, post("/form", { data: "a=1&b=2", headers: form })), 2);
  assert.equal(answer(api, post("/form", { data: { a: 1, b: 2 }, headers: form })), 2);
  assert.equal(answer(api, post("/any", { data: { anything: true } })), 4);
  const long = post("/long", { data: "x".repeat(1001) });
  const digest = formsOf(long)[0]!.data!;
  assert.match(digest, /^sha1:[0-9a-f]{40}$/);
  assert.equal(answer({ post: { "/long": entry(3, { data: digest }) } }, long), 3);
});

test("headers count by name in any case, but for those the client adds", () => {
  const api: Api = { get: { "/x": entry(1, { headers: { "X-Tenant": "a" } }) } };
  assert.equal(
    answer(api, get("/x", { headers: { "x-tenant": "a", accept: "b", "content-type": "application/json" } })),
    1,
  );
  assert.equal(answer(api, get("/x", { headers: { "x-tenant": "b" } })), undefined);
  assert.equal(answer({ get: { "/x": entry(1, { params: {} }) } }, get("/x", { headers: { "x-tenant": "b" } })), 1);
});

test("a request that nothing fits is told apart from what is nearest", () => {
  const matcher = createMatcher({
    get: {
      "/items": [entry(1, { params: { a: "1", b: "2" } }), entry(2, { params: { q: "9" } })],
      "/items/7": entry(3),
    },
  });
  const says = (request: ProxyRequest) => explainStranger(request, matcher.near(request));
  assert.equal(
    says(get("/items", { params: { a: "1", b: "3" } })),
    'GET /items: the nearest recorded differs in params.b: recorded "2", asked "3"',
  );
  assert.equal(says(get("/items/8")), "GET /items/8: recorded are GET /items/7, GET /items");
  const nothing = createMatcher({});
  assert.equal(explainStranger(get("/x"), nothing.near(get("/x"))), "GET /x: nothing is recorded at all");
});
