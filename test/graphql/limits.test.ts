// What a request may ask for, and how it is told that it asked for too much.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallOptions, testApi } from "../http/api.ts";

test("GraphQL's limits", async (t) => {
  const api = await testApi(t);
  const post = (body: unknown, options: CallOptions = {}) => api.call("POST", "/graphql", { body, ...options });
  const ask = (query: string, variables?: object) => post({ query, variables });
  const refused = async (query: string, variables?: object) => {
    const answer = await ask(query, variables);
    assert.equal(answer.status, 400, answer.text.slice(0, 500));
    assert.equal(answer.body.data, undefined);
    return answer.body.errors[0] as { message: string; extensions: { code: string; payload: { limit: string } } };
  };
  const limitOf = async (query: string, variables?: object) => {
    const { extensions } = await refused(query, variables);
    assert.equal(extensions.code, "query_limit_exceeded");
    return extensions.payload.limit;
  };

  await t.test("a query deeper than 20 fields is refused", async () => {
    const inner = `${"{ ofType ".repeat(50)}{ name }${" }".repeat(50)}`;
    const error = await refused(`{ __type(name: "Query") ${inner} }`);
    assert.deepEqual(error.extensions.payload, { limit: "depth", max: 20, found: 52 });
    assert.match(error.message, /deeper than 20 fields: follow fewer relations/);
    assert.equal(await limitOf(`${"{ a ".repeat(2_000)}${"}".repeat(2_000)}`), "depth");
    assert.equal(await limitOf(`{ a(b: ${"[".repeat(4_900)} `), "depth");
  });

  await t.test("so is one with a thousand aliases, and one with a thousand fields at the top", async () => {
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${index}: __typename`).join(" ");
    assert.equal(await limitOf(`{ ${aliases} }`), "rootFields");
    assert.equal(await limitOf(`{ environments { nodes { ${aliases} } } }`), "aliases");
    assert.equal(await limitOf(`{ ${"__typename ".repeat(1_000)} }`), "rootFields");
    assert.equal(await limitOf(`{ environments { nodes { ${"name ".repeat(1_500)} } } }`), "fields");
    const objects = "nodes { name } ".repeat(260);
    assert.equal(await limitOf(`{ environments { ${objects} } }`), "objects");
    assert.equal(await limitOf(`{ __typename ${"@skip(if: false) ".repeat(101)} }`), "directives");
  });

  await t.test(
    "fragments that go round, multiply or are thousands are refused before anything compares them",
    async () => {
      const round = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
      assert.equal((await refused(round)).extensions.code, "query_invalid");
      const names = Array.from({ length: 30 }, (_, index) => index);
      const doubling = names.map((n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`).join(" ");
      assert.equal(await limitOf(`{ ...F0 } ${doubling} fragment F30 on Query { __typename }`), "rootFields");
      const many = Array.from({ length: 400 }, (_, n) => `fragment F${n} on Query { ...F${(n + 1) % 400} }`).join(" ");
      assert.equal(await limitOf(`{ ...F0 } ${many}`), "fragments");
      assert.equal((await refused("{ ...Nobody }")).extensions.code, "query_invalid");
    },
  );

  await t.test("long queries and deep variables are refused, a body of a megabyte is not read", async () => {
    assert.equal(await limitOf(`{ environments { nodes { ${"name ".repeat(5_000)} } } }`), "tokens");
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const nested = await post(`{"query": "{ __typename }", "variables": {"deep": ${deep}}}`);
    assert.deepEqual([nested.status, nested.body.errors[0].extensions.payload.limit], [400, "variableDepth"]);
    const answer = await ask(`{ __typename } # ${"x".repeat(1_000_000)}`);
    assert.deepEqual([answer.status, answer.body.errors[0].extensions.code], [413, "request_too_large"]);
  });

  await t.test("a page has at most 1,000 rows, and 100 where none says", async () => {
    assert.equal(await limitOf("{ environments(first: 1000000000) { nodes { name } } }"), "pageSize");
    assert.equal(
      await limitOf("query ($n: Int) { environments(first: $n) { nodes { name } } }", { n: 1_001 }),
      "pageSize",
    );
    assert.equal(await limitOf("query ($n: Int = 5000) { environments(last: $n) { nodes { name } } }"), "pageSize");
    const within = await ask("query ($n: Int) { environments(first: $n) { nodes { name } } }", {});
    assert.deepEqual(within.body, { data: { environments: { nodes: [{ name: "dev" }] } } });
  });

  await t.test("only POST with one operation as JSON asks", async () => {
    const query = "{ __typename }";
    const shape = ({ status, body }: Awaited<ReturnType<typeof post>>) => [status, body.errors[0].extensions.code];
    assert.deepEqual(shape(await post([{ query }, { query }])), [400, "invalid_body"]);
    assert.deepEqual(shape(await post({})), [400, "invalid_body"]);
    assert.deepEqual(shape(await post("{")), [400, "invalid_json"]);
    assert.deepEqual(shape(await post({ query, variables: [1] })), [400, "invalid_body"]);
    assert.deepEqual(shape(await post({ query: "{" })), [400, "query_syntax_error"]);
    const text = { "content-type": "text/plain" };
    assert.deepEqual(shape(await post(JSON.stringify({ query }), { headers: text })), [415, "invalid_content_type"]);
    const got = await api.call("GET", "/graphql?query=%7B__typename%7D");
    assert.deepEqual([...shape(got), got.headers.get("allow")], [405, "method_not_allowed", "POST"]);
    assert.deepEqual(shape(await post({ query }, { key: "nobody's" })), [401, "unknown_account"]);
  });

  await t.test("a refusal has the media type that the client accepts", async () => {
    const typeFor = async (accept: string) => {
      const answer = await post({ query: "{ nothing }" }, { headers: { accept } });
      return [answer.status, answer.headers.get("content-type")];
    };
    assert.deepEqual(await typeFor("application/json"), [400, "application/json; charset=utf-8"]);
    const modern = "application/graphql-response+json; charset=utf-8";
    assert.deepEqual(await typeFor("application/graphql-response+json, application/json;q=0.9"), [400, modern]);
  });

  await t.test("nothing is suggested to who misspells a name", async () => {
    const { message } = await refused("{ environments { node { name } } }");
    assert.match(message, /^Cannot query field "node" on type "\w+"\.$/);
  });

  await t.test("the schema shows itself, but not the fields of the types of its fields", async () => {
    const shown = await ask("{ __schema { types { name fields { name type { name ofType { name } } } } } }");
    assert.ok(shown.body.data.__schema.types.length > 5);
    const bomb = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert.equal((await refused(bomb)).extensions.code, "query_invalid");
    const twice = "{ a: __schema { types { name } } b: __schema { types { name } } }";
    assert.equal((await refused(twice)).extensions.code, "query_invalid");
  });
});
