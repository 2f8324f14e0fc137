// What the server says of itself: the document is good OpenAPI 3.1, the pages show all of it, and nobody needs a key to read it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { CODES } from "../../src/errors.ts";
import { codesAt, type Document, placesOf } from "../../src/http/docs/document.ts";
import { testApi } from "../http/api.ts";

// What the recommended rules say and we leave so, each with its reason.
const LEFT = [
  { rule: "operation-4xx-response", at: /^#\/paths\/~1(health|ready)\//, why: "whatever is asked there is answered" },
  { rule: "operation-2xx-response", at: /^#\/paths\/~1oauth~1connect~1/, why: "it leads to a provider" },
  {
    rule: "no-ambiguous-paths",
    at: /./,
    why: "a literal segment stands before a parameter, as the spec of OpenAPI says",
  },
];

const lint = async (source: string): Promise<string[]> => {
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  return problems
    .map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0]?.pointer ?? "" }))
    .filter(({ ruleId, at }) => !LEFT.some((left) => left.rule === ruleId && left.at.test(at)))
    .map(({ ruleId, message, at }) => `${ruleId} ${at}: ${message}`);
};

// Whose failures have another body than ours, as those who call expect it.
const WITHOUT_CODE: { [path: string]: string[] } = {
  "/ready": ["503"],
  "/webhook/{environmentUuid}/{providerConfigKey}": ["401"],
};

test("the document and its pages", async (t) => {
  const api = await testApi(t);
  const read = (path: string, headers = {}) => api.call("GET", path, { key: null, headers });
  const { body, text } = await read("/openapi.json");
  const document = body as Document;

  await t.test("the linter finds nothing to say", async () => {
    assert.deepEqual(await lint(text), []);
    const spoilt = { ...document, paths: { ...document.paths, "/x/{y}": document.paths["/health"] } };
    assert.notDeepEqual(await lint(JSON.stringify(spoilt)), []);
  });

  await t.test("objects in a query are bracket keys", () => {
    const tags = document.paths["/connections"]?.get?.parameters?.find(({ name }) => name === "tags");
    assert.deepEqual([tags?.style, tags?.explode], ["deepObject", true]);
  });

  await t.test("every failure names its codes, and each code stands at a status once", () => {
    for (const { method, path, operation } of placesOf(document)) {
      const failures = Object.keys(operation.responses).filter((status) => Number(status) >= 400);
      const undocumented = failures.filter((status) => codesAt(operation, status).length === 0);
      assert.deepEqual(undocumented, WITHOUT_CODE[path] ?? [], `${method} ${path}`);
      for (const code of failures.flatMap((status) => codesAt(operation, status))) assert.ok(code in CODES, code);
    }
  });

  await t.test("who has it already is told so", async () => {
    for (const path of ["/openapi.json", "/docs", "/docs/errors"]) {
      const first = await read(path);
      const again = await read(path, { "if-none-match": first.headers.get("etag"), "cache-control": "max-age=0" });
      assert.deepEqual([first.status, again.status, again.text], [200, 304, ""]);
    }
  });

  await t.test("the pages show every operation and every code, and load nothing", async () => {
    const [operations, errors] = [await read("/docs"), await read("/docs/errors")];
    for (const { operation } of placesOf(document))
      assert.ok(operations.text.includes(`id="${operation.operationId}"`));
    for (const code of Object.keys(CODES)) assert.ok(errors.text.includes(`<tr id="${code}">`), code);
    for (const { text: page, headers } of [operations, errors]) {
      assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; style-src 'sha256-/);
      assert.doesNotMatch(page, /<script|<img|<link|<iframe|url\(|@import|\son\w+=/);
      assert.doesNotMatch(page, /undefined|\[object/);
    }
  });

  await t.test("what is nowhere is 404 in the API's shape, with a key and without", async () => {
    for (const options of [{}, { key: null }, { key: "nobody's" }]) {
      const answer = await api.call("GET", "/nowhere", options);
      assert.deepEqual([answer.status, answer.body.error.code], [404, "not_found"]);
    }
  });
});
