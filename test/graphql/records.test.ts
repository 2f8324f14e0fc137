// Records over GraphQL: typed by their models, and of any model. One server and one database for all of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEV_KEY, syncFunction, type TestApi, testApi } from "../http/api.ts";
import { goldenClient } from "./statements.ts";

const text = { type: "string" };
const number = { type: "number" };
const object = (properties: object) => ({ type: "object", properties });

const CONTACT = object({
  id: text,
  first_name: { ...text, description: "What friends say." },
  "kebab-case": number,
  __x: { type: "boolean" },
  address: object({ city: text, geo: object({ lat: number, lon: number }) }),
  tags: { type: "array", items: text },
  status: { enum: ["open", "closed"] },
  met_at: { type: "string", format: "date-time" },
  lines: { type: "array", items: object({ n: { type: "integer" } }) },
  either: { anyOf: [text, number] },
  constructor: text,
});

const contact = (n: number) => ({
  id: `c${n}`,
  first_name: `Ann ${n}`,
  "kebab-case": n,
  __x: true,
  address: { city: "Bern", geo: { lat: 46.9, lon: 7.4 } },
  tags: ["a", "b"],
  status: "open",
  met_at: "2026-01-31T12:00:00Z",
  lines: [{ n: 1 }, { n: 2 ** 40 }],
  either: n,
});

type Rows = { id: string; [field: string]: unknown }[];

/** Let the next run of the only due sync save these. */
const saveIn = async (api: TestApi, model: string, rows: Rows) => {
  const lease = await api.claim();
  await api.save(lease, model, rows);
  await api.finish(lease);
};

test("records over GraphQL", async (t) => {
  const api = await testApi(t);
  const deploy = (
    integration: string,
    name: string,
    models: Record<string, Record<string, unknown>>,
    mode = "single",
  ) => api.deploy([syncFunction(integration, name, { models })], mode);
  await api.integrate("salesforce");
  await deploy("salesforce", "contacts", { SalesforceContact: CONTACT });
  await api.connect("salesforce", "ann");
  await saveIn(
    api,
    "SalesforceContact",
    Array.from({ length: 250 }, (_, n) => contact(n)),
  );
  const { client, ask } = await goldenClient(t, api.url, DEV_KEY);
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  const raw = async (query: string): Promise<any> => (await api.call("POST", "/graphql", { body: { query } })).body;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const request = (query: string): Promise<any> => client.request(query);

  await t.test("have the fields of their model, nested and in lists, under names that GraphQL allows", async () => {
    const { data, statements } = await ask(`query ModelPage {
      salesforceContacts(connectionId: "ann", first: 2) {
        nodes {
          id first_name kebab_x002D_case _x005F__x address { city geo { lat lon } } tags status met_at lines { n } either constructor
          _data _metadata { firstSeenAt lastModifiedAt lastAction deletedAt prunedAt cursor }
        }
        edges { cursor node { id } }
        pageInfo { hasNextPage endCursor }
      }
    }`);
    const { nodes, edges, pageInfo } = data.salesforceContacts;
    const { id, "kebab-case": kebab, __x, ...rest } = contact(0);
    const { _data, _metadata, ...first } = nodes[0];
    assert.deepEqual(first, { id, kebab_x002D_case: kebab, _x005F__x: __x, ...rest, constructor: null });
    assert.deepEqual(_data, { "kebab-case": kebab, __x, ...rest });
    assert.equal(_metadata.lastAction, "ADDED");
    assert.deepEqual([_metadata.deletedAt, _metadata.prunedAt], [null, null]);
    assert.deepEqual(edges[0], { cursor: _metadata.cursor, node: { id } });
    assert.deepEqual(pageInfo, { hasNextPage: true, endCursor: nodes[1]._metadata.cursor });
    assert.equal(statements, 2, "the connection, and the page");
  });

  await t.test("say in their descriptions where they come from", async () => {
    const { __type: type } = await request(
      `{ __type(name: "SalesforceContact") { description fields { name description } } }`,
    );
    assert.equal(type.description, "A record of model `SalesforceContact` of `salesforce`.");
    const said = new Map(
      type.fields.map((field: { name: string; description: string }) => [field.name, field.description]),
    );
    assert.equal(said.get("first_name"), "What friends say.");
    assert.equal(said.get("kebab_x002D_case"), 'Named "kebab-case" where it comes from.');
  });

  await t.test("are read with one statement under any number of connections", async () => {
    await api.connect("salesforce", "bob");
    await saveIn(api, "SalesforceContact", [contact(1000), contact(1001)]);
    const { data, statements } = await ask(`query RecordsOfConnections {
      connections(orderBy: CREATED_AT_ASC) { nodes {
        connectionId
        salesforceContacts(first: 1) { nodes { id first_name } }
        recordChanges(model: "SalesforceContact", first: 1) { nodes { id } }
        streams { nodes { model records(first: 1) { nodes { id model } } } }
      } }
    }`);
    const [ann, bob] = data.connections.nodes.toSorted((a: { connectionId: string }, b: { connectionId: string }) =>
      a.connectionId < b.connectionId ? -1 : 1,
    );
    assert.deepEqual(ann.salesforceContacts.nodes, [{ id: "c0", first_name: "Ann 0" }]);
    assert.deepEqual(bob.salesforceContacts.nodes, [{ id: "c1000", first_name: "Ann 1000" }]);
    assert.deepEqual(bob.recordChanges.nodes, [{ id: "c1000" }]);
    assert.deepEqual(bob.streams.nodes, [
      { model: "SalesforceContact", records: { nodes: [{ id: "c1000", model: "SalesforceContact" }] } },
    ]);
    assert.equal(statements, 4, "connections with their streams, and one for each field of records");
  });

  await t.test("are neither fetched nor opened where only their ids and cursors are asked for", async () => {
    const open = t.mock.method(JSON, "parse");
    const count = async (selection: string) => {
      const from = open.mock.callCount();
      await request(`{ salesforceContacts(connectionId: "ann", first: 100) { nodes { ${selection} } } }`);
      return open.mock.callCount() - from;
    };
    const without = await count("id _metadata { cursor lastModifiedAt }");
    const withOne = await count("id first_name");
    open.mock.restore();
    assert.ok(without < 20, `${without} texts were parsed`);
    assert.ok(withOne >= 100 && withOne < 120, `${withOne} texts were parsed`);
    const { statements } = await ask(`query MetadataOnly {
      salesforceContacts(connectionId: "ann", first: 3) { nodes { id _metadata { cursor } } }
    }`);
    assert.equal(statements, 2);
  });

  await t.test("can be filtered by how and when they changed and by id; deleted ones come when asked for", async () => {
    const lease = await api.claim().catch(() => undefined);
    assert.equal(lease, undefined);
    await api.db.query(
      "update syncline.records set last_action = 'D', deleted_at = syncline.now() where external_id = 'c0'",
    );
    await api.db.query(
      "update syncline.records set payload = null, pruned_at = syncline.now() where external_id = 'c1'",
    );
    const ids = async (args: string, field = "salesforceContacts") =>
      (await request(`{ ${field}(connectionId: "ann", ${args}) { nodes { id } } }`))[field].nodes.map(
        ({ id }: { id: string }) => id,
      );
    assert.deepEqual(await ids("first: 2"), ["c1", "c2"]);
    assert.deepEqual(await ids("filter: DELETED"), ["c0"]);
    assert.deepEqual(await ids("filter: [ADDED, DELETED], first: 2"), ["c0", "c1"]);
    assert.deepEqual(await ids("filter: UPDATED"), []);
    assert.deepEqual(await ids('ids: ["c7", "c3", "nobody"]'), ["c3", "c7"]);
    assert.deepEqual(await ids('modifiedAfter: "2999-01-01T00:00:00Z"'), []);
    assert.deepEqual(await ids('variant: "other"'), []);
    assert.equal((await ids("variant: null, first: null")).length, 100);
    const model = 'model: "SalesforceContact"';
    assert.deepEqual(await ids(`${model}, first: 1`, "records"), ["c1"]);
    assert.deepEqual(await ids(`${model}, first: 1`, "recordChanges"), ["c0"]);
    const pruned = await request(
      '{ salesforceContacts(connectionId: "ann", ids: ["c1"]) { nodes { first_name _data _metadata { prunedAt } } } }',
    );
    assert.equal(pruned.salesforceContacts.nodes[0]._data, null);
    assert.match(pruned.salesforceContacts.nodes[0]._metadata.prunedAt, /^\d{4}-/);
  });

  await t.test("that are not as their model says are null in that field alone, and an error names it", async () => {
    await api.db.query("update syncline.syncs set next_run_at = syncline.now()");
    await api.must("POST", "/sync/trigger", {
      body: { provider_config_key: "salesforce", connection_id: "ann", syncs: ["contacts"] },
    });
    const odd = {
      ...contact(9000),
      address: "a text",
      lines: "no list",
      status: "unheard of",
      "kebab-case": "no number",
    };
    await saveIn(api, "SalesforceContact", [odd]);
    const { data, errors } = await raw(
      '{ salesforceContacts(connectionId: "ann", ids: ["c9000"]) { nodes { first_name kebab_x002D_case address { city } lines { n } status } } }',
    );
    const nothing = { kebab_x002D_case: null, address: null, lines: null, status: null };
    assert.deepEqual(data.salesforceContacts.nodes, [{ first_name: "Ann 9000", ...nothing }]);
    const paths = errors.map(({ path }: { path: string[] }) => path.at(-1)).sort();
    assert.deepEqual(paths, ["address", "kebab_x002D_case", "lines", "status"]);
  });

  await t.test("refuse what cannot be with the codes of REST", async () => {
    const codeOf = async (field: string) => (await raw(`{ ${field} { nodes { id } } }`)).errors[0].extensions.code;
    assert.equal(await codeOf('salesforceContacts(connectionId: "nobody")'), "unknown_connection");
    assert.equal(await codeOf('salesforceContacts(connectionId: "ann", integration: "other")'), "unknown_connection");
    assert.equal(await codeOf('salesforceContacts(connectionId: "ann", after: "nonsense")'), "invalid_query_params");
    assert.equal(
      await codeOf('salesforceContacts(connectionId: "ann", modifiedAfter: "yesterday")'),
      "invalid_query_params",
    );
    assert.equal(await codeOf('salesforceContacts(connectionId: "ann", first: 1001)'), "query_limit_exceeded");
    const page = await request('{ salesforceContacts(connectionId: "ann", first: 1) { pageInfo { endCursor } } }');
    const cursor = page.salesforceContacts.pageInfo.endCursor;
    assert.equal(await codeOf(`salesforceContacts(connectionId: "bob", after: "${cursor}")`), "SL003");
    await api.db.query("update syncline.streams set retired_at = syncline.now() where model = 'SalesforceContact'");
    assert.equal(await codeOf(`salesforceContacts(connectionId: "ann", after: "${cursor}")`), "SL003");
  });

  await t.test("two fields of one request keep their own arguments", async () => {
    await api.must("POST", "/sync/trigger", {
      body: { provider_config_key: "salesforce", connection_id: "bob", syncs: ["contacts"] },
    });
    await saveIn(api, "SalesforceContact", [contact(1), contact(2), contact(3)]);
    const { a, b } = await request(`{
      a: salesforceContacts(connectionId: "bob", first: 1) { nodes { id } }
      b: salesforceContacts(connectionId: "bob", first: 2) { nodes { id } }
    }`);
    assert.deepEqual([a.nodes.length, b.nodes.length], [1, 2]);
  });

  await t.test("of a connection that two integrations have say so", async () => {
    await api.integrate("sandbox");
    await deploy("sandbox", "contacts", { SalesforceContact: CONTACT });
    await api.connect("sandbox", "bob");
    const ambiguous = await raw('{ records(connectionId: "bob", model: "SalesforceContact") { nodes { id } } }');
    assert.match(ambiguous.errors[0].message, /in each of "salesforce", "sandbox": say which/);
    const one = await request(
      '{ records(connectionId: "bob", integration: "sandbox", model: "SalesforceContact") { nodes { id } } }',
    );
    assert.deepEqual(one.records.nodes, []);
  });
});
