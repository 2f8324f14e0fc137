// The tour of typed models with a real client: those of all our functions for real APIs, filled with what these answered, and
// one model of 10,000 records paged by cursor while a writer changes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildClientSchema,
  type GraphQLOutputType,
  getIntrospectionQuery,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from "postgraphile/graphql";
import { compileFolder } from "../../src/functions/compile.ts";
import { legalName } from "../../src/graphql/models/names.ts";
import { DEV_KEY, syncFunction, testApi } from "../http/api.ts";
import { noFixtures, type Row, readFixtures } from "../real/fixtures.ts";
import { recordedProject } from "../real/project.ts";
import { clientOf } from "./statements.ts";

const selectionOf = (type: GraphQLOutputType): string => {
  const named = getNamedType(type);
  if (!isObjectType(named)) return "";
  return `{ ${Object.values(named.getFields())
    .map((field) => `${field.name} ${selectionOf(field.type)}`)
    .join(" ")} }`;
};

/** What a client should see of a value under this type: fields that the type lacks are left out, missing ones are null. */
const seenAs = (type: GraphQLOutputType, value: unknown): unknown => {
  if (isNonNullType(type)) return seenAs(type.ofType, value);
  if (value === null || value === undefined) return null;
  if (isListType(type)) return (value as unknown[]).map((item) => seenAs(type.ofType, item));
  if (!isObjectType(type)) return value;
  const byName = new Map(Object.entries(value as object).map(([name, one]) => [legalName(name), one]));
  return Object.fromEntries(
    Object.values(type.getFields()).map((field) => [field.name, seenAs(field.type, byName.get(field.name))]),
  );
};

test("every model of our functions for real APIs has a type, whose fields hold what the APIs answered", {
  skip: noFixtures,
}, async (t) => {
  const api = await testApi(t);
  const { dir } = recordedProject(t);
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(
    problems.filter(({ level }) => level === "error"),
    [],
  );
  const integrations = [...new Set(functions.map(({ integration }) => integration))];
  for (const integration of integrations) {
    await api.integrate(integration);
    await api.deploy(
      functions.filter((one) => one.integration === integration),
      "integration",
    );
    await api.connect(integration, "me");
  }
  const saved = new Map<string, Row[]>();
  const due = "select count(*)::int as runs from syncline.runs where state = 'ready' and kind = 'sync'";
  for (let [{ runs }] = (await api.db.query(due)) as [{ runs: number }]; runs > 0; runs--) {
    const lease = await api.claim();
    const [sync] = await api.db.query(
      "select s.name, i.unique_key as integration from syncline.runs r join syncline.syncs s on s.id = r.sync_id join syncline.functions f on f.id = s.function_id join syncline.integrations i on i.id = f.integration_id where r.id = $1",
      [lease.id],
    );
    const fixture = readFixtures(String(sync!.integration)).find(({ name }) => name === sync!.name);
    for (const [model, rows] of Object.entries(fixture?.nango.batchSave ?? {})) {
      const texts = rows.map((row) => ({ ...row, id: String(row.id) }));
      await api.save(lease, model, texts);
      saved.set(`${sync!.integration} ${model}`, [...(saved.get(`${sync!.integration} ${model}`) ?? []), ...texts]);
    }
    await api.finish(lease);
  }
  const client = clientOf(api.url, DEV_KEY);
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  const schema = buildClientSchema((await client.request(getIntrospectionQuery())) as any);
  const fields = schema.getQueryType()!.getFields();
  const models = functions.flatMap(({ integration, kind, definition }) =>
    kind === "sync" ? Object.keys(definition.models).map((model) => ({ integration, model })) : [],
  );
  const said = (integration: string, model: string) =>
    Object.values(fields).find(
      ({ description, args }) =>
        description?.startsWith(`The records of model \`${model}\`,`) &&
        args.some((arg) => arg.name === "integration" && arg.description?.includes(`\`${integration}\``)),
    );
  let compared = 0;
  let objects = 0;
  for (const { integration, model } of models) {
    const field = said(integration, model);
    assert.ok(field, `${integration}: ${model} has no field`);
    const page = getNamedType(field.type);
    assert.ok(isObjectType(page));
    const node = getNamedType(page.getFields().nodes!.type);
    assert.ok(isObjectType(node));
    objects += Object.values(node.getFields()).filter(
      ({ name, type }) => !name.startsWith("_") && (isObjectType(getNamedType(type)) || isEnumType(getNamedType(type))),
    ).length;
    const rows = new Map((saved.get(`${integration} ${model}`) ?? []).map((row) => [String(row.id), row]));
    const query = `{ page: ${field.name}(connectionId: "me", integration: "${integration}", first: 20) { nodes ${selectionOf(node)} } }`;
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const { nodes } = ((await client.request(query)) as any).page;
    assert.equal(nodes.length, Math.min(rows.size, 20), `${integration}: ${model}`);
    for (const { _data, _metadata, ...typed } of nodes) {
      const { id, ...row } = rows.get(typed.id)!;
      const { _data: _1, _metadata: _2, ...expected } = seenAs(node, { id, ...row }) as Record<string, unknown>;
      assert.deepEqual(typed, expected, `${integration}: ${model} ${id}`);
      assert.deepEqual(_data, JSON.parse(JSON.stringify(row)));
      compared += 1;
    }
  }
  t.diagnostic(
    `${models.length} models of ${integrations.length} integrations, ${objects} nested or enum fields, ${compared} records`,
  );
  assert.ok(models.length >= 20 && compared >= 20);
});

test("10,000 records are paged to the end while a writer changes them: each is seen, none is lost", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const schema = { type: "object", properties: { id: { type: "string" }, n: { type: "integer" } } };
  await api.deploy([syncFunction("crm", "items", { models: { Item: schema } })]);
  await api.connect("crm", "big");
  const lease = await api.claim();
  const rows = (version: number, from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `i${from + i}`, n: (from + i) * 1000 + version }));
  for (let from = 0; from < 10_000; from += 1_000) await api.save(lease, "Item", rows(0, from, 1_000));
  const client = clientOf(api.url, DEV_KEY);
  const seen = new Map<string, number>();
  let version = 0;
  let isRead = false;
  const writing = (async () => {
    while (!isRead) {
      version += 1;
      await api.save(lease, "Item", rows(version, Math.floor((version * 7919) % 9_900), 100));
    }
  })();
  let after: string | null = null;
  let pages = 0;
  let isLast = false;
  for (;;) {
    const query =
      'query ($after: Cursor) { items(connectionId: "big", first: 500, after: $after) { nodes { id n } pageInfo { hasNextPage endCursor } } }';
    // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
    const { items } = (await client.request(query, { after })) as any;
    for (const { id, n } of items.nodes) {
      assert.ok(n > (seen.get(id) ?? -1), `${id} was seen in that version before`);
      seen.set(id, n);
    }
    after = items.pageInfo.endCursor ?? after;
    pages += 1;
    if (pages === 15) {
      isRead = true; // the writer ends, the reader goes on to what was last
      await writing;
    }
    isLast = !items.pageInfo.hasNextPage;
    if (isLast && isRead) break;
  }
  assert.equal(seen.size, 10_000);
  const stored = await api.must("GET", "/records?model=Item&limit=10000", {
    headers: { "connection-id": "big", "provider-config-key": "crm" },
  });
  for (const { id, n } of stored.records) assert.equal(seen.get(id), n, `the last version of ${id} was not seen`);
  t.diagnostic(`${pages} pages beside ${version} saves of 100`);
  await api.finish(lease);
});
