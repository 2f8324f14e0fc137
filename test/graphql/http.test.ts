// POST /graphql with a key: what is asked is answered for the key's environment alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROD_KEY, testApi } from "../http/api.ts";

test("GraphQL over HTTP", async (t) => {
  const api = await testApi(t);
  const ask = (query: string, key?: string | null) =>
    api.call("POST", "/graphql", { body: { query }, ...(key !== undefined && { key }) });

  await t.test("shows the environment of the key, and no other", async () => {
    const query = "{ environments { nodes { name } } }";
    assert.deepEqual((await ask(query)).body, { data: { environments: { nodes: [{ name: "dev" }] } } });
    assert.deepEqual((await ask(query, PROD_KEY)).body, { data: { environments: { nodes: [{ name: "prod" }] } } });
  });

  await t.test("answers nobody without a key", async () => {
    assert.equal((await ask("{ __typename }", null)).status, 401);
    assert.equal((await ask("{ __typename }", "nobody's")).status, 401);
  });
});
