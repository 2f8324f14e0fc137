// What a caller is told when something fails, with the settings of production.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createGraphql } from "../../src/graphql/graphql.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { testApi } from "../http/api.ts";

const QUERY = "{ environments { nodes { name } } }";

test("failures of GraphQL in production", async (t) => {
  const api = await testApi(t, { graphql: { introspection: false, statementTimeoutMs: 2_000 } });
  const ask = async (body: object) => (await api.call("POST", "/graphql", { body })).body;

  await t.test("the schema does not show itself", async () => {
    const { data, errors } = await ask({ query: "{ __schema { queryType { name } } }" });
    assert.deepEqual([data, errors[0].extensions.code], [undefined, "query_invalid"]);
    assert.match(errors[0].message, /introspection has been disabled/);
    assert.deepEqual(await ask({ query: "{ __typename }" }), { data: { __typename: "Query" } });
  });

  await t.test("a statement that takes too long is cancelled, and its caller told how to ask for less", async () => {
    const blocker = await api.db.pool.connect();
    try {
      await blocker.query("begin; lock table syncline.integrations in access exclusive mode");
      const { data, errors } = await ask({ query: "{ integrations { nodes { provider } } }" }).finally(() =>
        blocker.query("rollback"),
      );
      assert.deepEqual(
        [data, errors[0].path, errors[0].extensions],
        [{ integrations: null }, ["integrations"], { code: "timeout" }],
      );
      assert.match(errors[0].message, /took too long for this query. Ask for smaller pages/);
    } finally {
      blocker.release();
    }
  });

  await t.test("of what nobody foresaw a caller learns an id, and the log has the rest", async () => {
    await api.db.query("revoke select on syncline.environments from syncline_app");
    const { data, errors } = await ask({ query: QUERY });
    await api.db.query("select syncline.apply_grants()");
    assert.deepEqual(data, { environments: null });
    const { id } = errors[0].extensions.payload;
    assert.equal(errors[0].message, `Something failed on our side. Please give this id when you ask for help: ${id}`);
    assert.equal(errors[0].extensions.code, "generic_error_support");
    assert.doesNotMatch(JSON.stringify(errors), /permission|select|\.ts|stack/);
    const line = api.logged.find((one) => one.includes(id));
    assert.match(line ?? "", /"event":"graphql.failed".*permission denied/);
    assert.deepEqual(await ask({ query: QUERY }), { data: { environments: { nodes: [{ name: "dev" }] } } });
  });
});

test("a server with a list of operations runs those, by every name that clients know them by, and no others", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "operations-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const hash = createHash("sha256").update(QUERY).digest("hex");
  const file = path.join(folder, "operations.json");
  writeFileSync(file, JSON.stringify({ "relay-id": QUERY }));
  const api = await testApi(t, { graphql: { operations: file } });
  const ask = async (body: object) => (await api.call("POST", "/graphql", { body })).body;
  const expected = { data: { environments: { nodes: [{ name: "dev" }] } } };
  const apollo = { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } };
  for (const known of [
    { query: QUERY },
    apollo,
    { documentId: hash },
    { documentId: "relay-id" },
    { doc_id: "relay-id" },
  ])
    assert.deepEqual(await ask(known), expected, JSON.stringify(known));
  for (const other of [{ query: "{ __typename }" }, { documentId: "constructor" }, { ...apollo, extensions: {} }, {}]) {
    const { data, errors } = await ask(other);
    assert.deepEqual([data, errors[0].extensions.code], [undefined, "operation_not_allowed"], JSON.stringify(other));
  }

  writeFileSync(path.join(folder, "names.graphql"), QUERY);
  const { url, keys } = { url: api.db.url, keys: api.keys };
  const catalogue = loadCatalogue({ files: [] });
  const log = { error: () => {}, warn: () => {}, info: () => {} } as never;
  await createGraphql({ url, keys, catalogue, log, settings: { operations: folder } }).close();
  for (const wrong of [path.join(folder, "nothing"), path.join(folder, "names.graphql")])
    assert.throws(() => createGraphql({ url, keys, catalogue, log, settings: { operations: wrong } }), {
      code: "invalid_settings",
    });
});

test("without such a list a hash is answered as clients expect who then send the text", async (t) => {
  const api = await testApi(t, { explorer: true });
  const body = { extensions: { persistedQuery: { version: 1, sha256Hash: "0".repeat(64) } } };
  const { errors } = (await api.call("POST", "/graphql", { body })).body;
  assert.equal(errors[0].message, "PersistedQueryNotSupported");

  await t.test("the explorer is a page that loads only from us, and asks for the key itself", async () => {
    const page = await api.call("GET", "/graphiql", { key: null });
    assert.equal(page.status, 200);
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(policy, /eval|https?:/);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+\.(?:js|css|svg|ico))"/g)].map(
      ([, file]) => file as string,
    );
    assert.ok(files.includes("start.js") && files.length > 5, `${files}`);
    for (const file of files) {
      const answer = await api.call("GET", `/graphiql/${file}`, { key: null });
      assert.equal(answer.status, 200, file);
      if (file.startsWith("chunk-")) assert.match(answer.headers.get("cache-control") ?? "", /immutable/);
    }
  });
});
