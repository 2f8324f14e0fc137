// GET /records and PATCH /records/prune.
import assert from "node:assert/strict";
import { test } from "node:test";
import { of, PROD_KEY, syncFunction, type TestApi, testApi } from "./api.ts";

const NAMES = ["ada", "ben", "cleo", "dan", "eve"];

const withRecords = async (api: TestApi) => {
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.connect("crm", "one");
  const lease = await api.claim();
  await api.save(
    lease,
    "Contact",
    NAMES.map((name, n) => ({ id: `${n + 1}`, name })),
  );
  await api.finish(lease);
};

const read = (api: TestApi, query: string, headers = of("crm", "one")) =>
  api.call("GET", `/records/?model=Contact${query}`, { headers });

const ids = (answer: { body: { records: { id: string }[] } }): string[] => answer.body.records.map(({ id }) => id);

test("records come in the order of their changes, page by page, each with its own cursor", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  const first = await read(api, "&limit=2");
  assert.equal(first.headers.get("content-type"), "application/json; charset=utf-8");
  assert.deepEqual(ids(first), ["1", "2"]);
  assert.equal(first.body.next_cursor, first.body.records[1]._nango_metadata.cursor);
  const second = await read(api, `&limit=3&cursor=${first.body.next_cursor}`);
  assert.deepEqual(ids(second), ["3", "4", "5"]);
  assert.equal(second.body.next_cursor, null);
  const { _nango_metadata: metadata, ...payload } = first.body.records[0];
  assert.deepEqual(payload, { id: "1", name: "ada" });
  assert.equal(metadata.last_action, "ADDED");
  assert.equal(metadata.deleted_at, null);
  assert.match(metadata.last_modified_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
});

test("filters by last action, ids and time all hold together", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  await api.must("POST", "/sync/trigger", { body: { syncs: [], provider_config_key: "crm" } });
  const lease = await api.claim();
  await api.save(lease, "Contact", [{ id: "2", name: "benjamin" }]);
  await api.finish(lease);
  assert.deepEqual(ids(await read(api, "&filter=updated")), ["2"]);
  assert.deepEqual(ids(await read(api, "&filter=Added,UPDATED")), ["1", "3", "4", "5", "2"]);
  assert.deepEqual(ids(await read(api, "&filter=deleted")), []);
  assert.deepEqual(ids(await read(api, "&ids=2&ids=4&ids=77")), ["4", "2"]);
  assert.deepEqual(ids(await read(api, "&ids=3")), ["3"]);
  assert.deepEqual(ids(await read(api, "&ids=2&ids=4&filter=added")), ["4"]);
  const hour = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString();
  assert.equal(ids(await read(api, `&modified_after=${hour(-1)}`)).length, 5);
  assert.deepEqual(ids(await read(api, `&delta=${hour(1)}`)), []);
  assert.deepEqual(ids(await read(api, `&modified_after=${hour(-1)}&delta=${hour(1)}`)), []);
});

test("an unknown model or variant has no records; an unknown connection is a 400", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  const headers = of("crm", "one");
  assert.deepEqual((await api.call("GET", "/records?model=Nothing", { headers })).body, {
    records: [],
    next_cursor: null,
  });
  assert.deepEqual(ids(await read(api, "&variant=other")), []);
  assert.equal(ids(await read(api, "&variant=base")).length, 5);
  for (const wrong of [of("crm", "two"), of("other", "one")]) {
    const answer = await read(api, "", wrong);
    assert.deepEqual([answer.status, answer.body.error.code], [400, "unknown_connection"]);
  }
});

test("every wrong parameter is refused by its name", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  const wrong: Record<string, string> = {
    "&limit=0": "limit",
    "&limit=10001": "limit",
    "&limit=many": "limit",
    "&filter=gone": "filter",
    "&modified_after=yesterday": "modified_after",
    "&modified_after=2026-01-01T00:00:00%2B02:00": "modified_after",
    "&delta=2001-01-01T00:00:00Z": "delta",
    "&cursor=": "cursor",
    "&cursor=nonsense": "cursor",
    "&variant=a%20b": "variant",
    [`&${Array.from({ length: 101 }, (_, n) => `ids=${n}`).join("&")}`]: "ids",
  };
  for (const [query, field] of Object.entries(wrong)) {
    const { status, body } = await read(api, query);
    assert.deepEqual([status, body.error.code], [400, "invalid_query_params"], query);
    assert.equal(body.error.errors[0].path[0], field, query);
  }
  const extra = await read(api, "&unknown=1");
  assert.equal(extra.body.error.code, "invalid_query_params");
  const lower = await api.call("GET", "/records?model=contact", { headers: of("crm", "one") });
  assert.equal(lower.body.error.code, "invalid_query_params");
  const headless = await api.call("GET", "/records?model=Contact");
  assert.deepEqual([headless.status, headless.body.error.code], [400, "invalid_headers"]);
});

test("a cursor of another connection's stream is refused", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  await api.connect("crm", "two");
  const lease = await api.claim();
  await api.save(lease, "Contact", [{ id: "1", name: "zoe" }]);
  const other = await read(api, "", of("crm", "two"));
  const { status, body } = await read(api, `&cursor=${other.body.records[0]._nango_metadata.cursor}`);
  assert.deepEqual([status, body.error.code], [400, "invalid_query_params"]);
});

test("pruning forgets payloads up to a cursor and keeps order, ids and cursors", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  const before = await read(api, "");
  const until_cursor = before.body.records[3]._nango_metadata.cursor;
  const headers = of("crm", "one");
  const prune = (body: object) => api.call("PATCH", "/records/prune", { headers, body: { model: "Contact", ...body } });
  assert.deepEqual((await prune({ until_cursor, limit: 3 })).body, { count: 3, has_more: true });
  assert.deepEqual((await prune({ until_cursor })).body, { count: 1, has_more: false });
  const after = await read(api, "");
  assert.deepEqual(ids(after), ids(before));
  assert.deepEqual(
    after.body.records.map((one: { name?: string }) => one.name),
    [undefined, undefined, undefined, undefined, "eve"],
  );
  assert.equal(after.body.records[0]._nango_metadata.cursor, before.body.records[0]._nango_metadata.cursor);
  assert.ok(after.body.records[0]._nango_metadata.pruned_at);
  for (const wrong of [{}, { until_cursor: "nonsense" }, { until_cursor, limit: 10_001 }, { until_cursor, extra: 1 }]) {
    const { status, body } = await prune(wrong);
    assert.deepEqual([status, body.error.code], [400, "invalid_body"]);
  }
  const unknown = await api.call("PATCH", "/records/prune", {
    headers: of("crm", "no"),
    body: { model: "Contact", until_cursor },
  });
  assert.deepEqual([unknown.status, unknown.body.error.code], [400, "unknown_connection"]);
});

test("the other environment's key finds no records", async (t) => {
  const api = await testApi(t);
  await withRecords(api);
  const { body } = await read(api, "");
  const until_cursor = body.records[0]._nango_metadata.cursor;
  const options = { headers: of("crm", "one"), key: PROD_KEY };
  for (const answer of [
    await api.call("GET", "/records?model=Contact", options),
    await api.call("PATCH", "/records/prune", { ...options, body: { model: "Contact", until_cursor } }),
  ]) {
    assert.deepEqual([answer.status, answer.body.error.code], [400, "unknown_connection"]);
  }
});
