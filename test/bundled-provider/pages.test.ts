// Pages: every way of paging meets each row exactly once, also while others edit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, type Row } from "../../src/bundled-provider/kinds.ts";
import { ids, startAcme, WALKS, walkContacts, walkTickets } from "./acme.ts";

for (const kind of KINDS) {
  test(`paging through ${kind} meets every row exactly once, whatever the page size`, async (t) => {
    const acme = await startAcme(t);
    for (const limit of [1, 7, 10, 1000])
      assert.deepEqual(await WALKS[kind](acme.get, limit), [...acme.world.rows(kind)]);
  });

  test(`paging through changed ${kind} meets every row changed at or after the time, oldest change first`, async (t) => {
    const acme = await startAcme(t);
    acme.world.edit({ kind, count: 30 });
    const times = Array.from(acme.world.rows(kind), ({ updated_at }) => updated_at).sort();
    for (const since of [times[0]!, times[9]!, times.at(-5)!, times.at(-1)!, "2030-01-01T00:00:00Z"]) {
      const expected = [...acme.world.rows(kind)].filter((row) => Date.parse(row.updated_at) >= Date.parse(since));
      const found = await WALKS[kind](acme.get, 6, `&updated_since=${since}`);
      assert.deepEqual(
        found.toSorted((a, b) => a.id.localeCompare(b.id)),
        expected,
      );
      const order = found.map((row) => `${row.updated_at} ${row.id}`);
      assert.deepEqual(order, order.toSorted());
    }
  });
}

for (const kind of ["contacts", "tickets"] as const) {
  for (const query of ["", "&updated_since=2024-01-01T00:00:00Z"]) {
    test(`edits between pages never skip or repeat an untouched row of ${kind}${query}`, async (t) => {
      const acme = await startAcme(t);
      const touched = new Set<string>();
      acme.world.onEdit(({ id }) => touched.add(id));
      acme.betweenPages.set({ add: 1, update: 2, delete: 1 });
      const found = ids(await WALKS[kind](acme.get, 6, query)).filter((id) => !touched.has(id));
      assert.deepEqual(
        found,
        ids(acme.world.rows(kind)).filter((id) => !touched.has(id)),
      );
      assert.ok(touched.size > 10);
    });
  }
}

test("edits between pages never skip or repeat an untouched company while none is deleted", async (t) => {
  const acme = await startAcme(t);
  acme.betweenPages.set({ add: 1, update: 3, times: 5 });
  const found = ids(await WALKS.companies(acme.get, 6));
  assert.deepEqual(found, ids(acme.world.rows("companies")));
});

test("a second walk from the newest change seen ends with exactly the truth, however rows were edited meanwhile", async (t) => {
  const acme = await startAcme(t);
  const known = new Map<string, Row>();
  const walk = async (since: string) => {
    for (const row of await walkContacts(acme.get, 6, `&updated_since=${since}`)) known.set(row.id, row);
  };
  acme.betweenPages.set({ add: 1, update: 3, delete: 1 });
  await walk("2024-01-01T00:00:00Z");
  acme.betweenPages.set(null);
  await walk(
    [...known.values()]
      .map((row) => row.updated_at)
      .sort()
      .at(-1)!,
  );
  const feed = await acme.get("/v1/deleted?kind=contacts&limit=1000");
  for (const { id } of feed.data as { id: string }[]) known.delete(id);
  const sorted = [...known.values()].sort((a, b) => a.id.localeCompare(b.id));
  assert.deepEqual(sorted, [...acme.world.rows("contacts")]);
});

test("tickets give the next page in the Link header and in the body, and a page can be asked for by number", async (t) => {
  const acme = await startAcme(t);
  const response = await acme.ask("/v1/tickets?per_page=15");
  const body = (await response.json()) as { links: { next: string } };
  assert.equal(response.headers.get("link"), `<${body.links.next}>; rel="next"`);
  assert.match(body.links.next, /page=2/);
  const third = await acme.ask("/v1/tickets?per_page=15&page=3");
  assert.equal(third.headers.get("link"), null);
  const last = (await third.json()) as { tickets: { id: string }[]; links: { next: null } };
  assert.deepEqual(ids(last.tickets), ids(acme.world.rows("tickets")).slice(30));
  assert.equal(last.links.next, null);
  assert.equal((await walkTickets(acme.get, 15)).length, 40);
});

test("the deleted feed tells each deletion once, oldest first, from the time asked for", async (t) => {
  const acme = await startAcme(t);
  const deleted = acme.world.edit({ delete: 9 });
  acme.world.edit({ kind: "tickets", delete: 3 });
  const found: string[] = [];
  let cursor = "";
  do {
    const page = await acme.get(`/v1/deleted?kind=contacts&limit=4&since=${deleted[2]!.at}${cursor}`);
    found.push(...ids(page.data as { id: string }[]));
    cursor = page.next_cursor === null ? "" : `&cursor=${page.next_cursor}`;
  } while (cursor !== "");
  assert.deepEqual(found, ids(deleted.slice(2)));
});

test("parameters that make no sense are refused, never bent into shape", async (t) => {
  const acme = await startAcme(t);
  const wrong = [
    "contacts?limit=0",
    "contacts?limit=1001",
    "contacts?limit=ten",
    "companies?offset=-1",
    "tickets?page=0",
    "contacts?cursor=abc",
    "contacts?updated_since=soon",
    "deleted?kind=people",
    "deleted",
  ];
  for (const path of wrong) {
    const response = await acme.ask(`/v1/${path}`);
    assert.equal(response.status, 400, path);
    assert.equal(((await response.json()) as { error: string }).error, "invalid_query_params");
  }
  const { next_cursor: cursor } = await acme.get("/v1/contacts?limit=1");
  assert.equal((await acme.ask(`/v1/contacts?cursor=${cursor}&updated_since=2024-01-01`)).status, 400);
});

test("statistics tell each page that was served, so that a page fetched twice shows", async (t) => {
  const acme = await startAcme(t);
  await walkContacts(acme.get, 20);
  const places = acme.stats.pages.map(({ path, query }) => `${path}?${query}`);
  assert.equal(places.length, 3);
  assert.equal(new Set(places).size, 3);
  assert.deepEqual(
    acme.stats.pages.map(({ rows, at }) => [rows, at]),
    [
      [20, 0],
      [20, 1],
      [10, 2],
    ],
  );
  assert.deepEqual(acme.stats.requests, { "GET /v1/contacts": 3 });
});
