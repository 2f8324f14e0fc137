import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxyRequest } from "../../src/outbound/types.ts";
import { context, poolForFile, recordingHost } from "./isolates.ts";

const { runBody } = poolForFile(1);

type Page = { data: unknown; headers?: Record<string, string> };

/** Paginate over these pages; the last one is repeated. Gives the requests sent, what was yielded, and on_page's arguments. */
const paginate = async (config: string, pages: Page[], defaults?: Record<string, unknown> | null) => {
  let sent = 0;
  const host = recordingHost({
    proxy: () => {
      const { data, headers = {} } = pages[Math.min(sent++, pages.length - 1)]!;
      return { status: 200, statusText: "OK", headers, data };
    },
  });
  const body = `const yielded = []; const seen = [];
    const on_page = async ({ nextPageParam, response }) => { seen.push([nextPageParam ?? "none", response.status]); };
    const config = ${config};
    for await (const rows of nango.paginate(config)) yielded.push(rows ?? "nothing");
    return { yielded, seen, params: config.params };`;
  const given = defaults === undefined ? context : { ...context, paginateDefaults: defaults };
  const outcome = await runBody(body, { call: host.call, context: given });
  if (!outcome.ok)
    return {
      error: outcome.error.message,
      yielded: [],
      seen: [],
      params: null,
      requests: host.calls.map(([, request]) => request as ProxyRequest),
    };
  const value = outcome.value as { yielded: unknown[]; seen: unknown[]; params: unknown };
  return { ...value, error: null, requests: host.calls.map(([, request]) => request as ProxyRequest) };
};

const CURSOR = `type: "cursor", cursor_name_in_request: "after", cursor_path_in_response: "meta.next", response_path: "rows"`;

test("cursor: follows trimmed texts and numbers, and ends when there is none", async () => {
  const pages = [
    { data: { rows: [1, 2], meta: { next: " a " } } },
    { data: { rows: [3], meta: { next: 7 } } },
    { data: { rows: [4], meta: { next: "  " } } },
  ];
  const config = `{ endpoint: "/x", params: { own: 1 }, paginate: { ${CURSOR}, limit: 2, limit_name_in_request: "size", on_page } }`;
  const { yielded, seen, requests, params } = await paginate(config, pages);
  assert.deepEqual(yielded, [[1, 2], [3], [4]]);
  assert.deepEqual(seen, [
    ["a", 200],
    [7, 200],
    ["none", 200],
  ]);
  const sent = requests.map((request) => request.params);
  assert.deepEqual(sent, [
    { own: 1, size: 2 },
    { own: 1, size: 2, after: "a" },
    { own: 1, size: 2, after: 7 },
  ]);
  assert.deepEqual(params, { own: 1, size: 2, after: 7 }, "the caller's own params object changes");
});

test("cursor: an empty page ends it even when it names a next one", async () => {
  const pages = [{ data: { rows: [1], meta: { next: "a" } } }, { data: { rows: [], meta: { next: "b" } } }];
  const { yielded, requests } = await paginate(`{ endpoint: "/x", paginate: { ${CURSOR} } }`, pages);
  assert.deepEqual(yielded, [[1]]);
  assert.equal(requests.length, 2);
});

test("cursor: a path that is a key as a whole wins over its parts", async () => {
  const paging = `{ type: "cursor", cursor_name_in_request: "c", cursor_path_in_response: "@odata.nextLink", response_path: "value.list" }`;
  const pages = [{ data: { "value.list": [1], "@odata.nextLink": "n" } }, { data: { value: { list: [2] } } }];
  const { yielded } = await paginate(`{ endpoint: "/x", paginate: ${paging} }`, pages);
  assert.deepEqual(yielded, [[1], [2]]);
});

test("cursor: goes into the body of a POST, dotted names becoming objects", async () => {
  const paging = `{ type: "cursor", cursor_name_in_request: "page.after", cursor_path_in_response: "next", response_path: "rows", limit: 5, limit_name_in_request: "page.size" }`;
  const pages = [{ data: { rows: [1], next: "n" } }, { data: { rows: [] } }];
  const { requests } = await paginate(`{ endpoint: "/x", method: "POST", data: { q: 1 }, paginate: ${paging} }`, pages);
  assert.deepEqual(
    requests.map(({ data, params }) => [data, params]),
    [
      [{ q: 1, page: { size: 5 } }, undefined],
      [{ q: 1, page: { size: 5, after: "n" } }, undefined],
    ],
  );
});

test("link: the header comes first, then the body; an absolute link changes host and path and drops the params", async () => {
  const paging = `{ type: "link", link_rel_in_response_header: "next", link_path_in_response_body: "next", response_path: "rows", on_page }`;
  const link = '<https://other.example/v2/x?page=1>; rel="prev", <https://other.example/v2/x?page=2&a=1,2>; rel="next"';
  const pages = [
    { data: { rows: [1], next: "/ignored" }, headers: { link } },
    { data: { rows: [2], next: "/v2/x?page=3" } },
    { data: { rows: [] } },
  ];
  const { yielded, seen, requests } = await paginate(
    `{ endpoint: "/x", params: { a: 1 }, paginate: ${paging} }`,
    pages,
  );
  assert.deepEqual(yielded, [[1], [2], []]);
  assert.deepEqual(seen, [
    ["https://other.example/v2/x?page=2&a=1,2", 200],
    ["/v2/x?page=3", 200],
    ["none", 200],
  ]);
  assert.deepEqual(requests, [
    { method: "GET", endpoint: "/x", params: { a: 1 } },
    { method: "GET", endpoint: "/v2/x?page=2&a=1,2", baseUrlOverride: "https://other.example" },
    { method: "GET", endpoint: "/v2/x?page=3", baseUrlOverride: "https://other.example" },
  ]);
});

test("link: ends when the same link comes again, and yields even what is missing", async () => {
  const paging = `{ type: "link", link_path_in_response_body: "next", response_path: "rows" }`;
  const pages = [{ data: { next: "/same" } }];
  const { yielded, requests } = await paginate(`{ endpoint: "/x", paginate: ${paging} }`, pages);
  assert.deepEqual(yielded, ["nothing", "nothing"]);
  assert.equal(requests.length, 2);
});

test("offset: counts rows as text in the query, and ends after a short page without on_page", async () => {
  const paging = `{ type: "offset", offset_name_in_request: "skip", limit: 2, limit_name_in_request: "take", response_path: "rows", on_page }`;
  const pages = [{ data: { rows: [1, 2] } }, { data: { rows: [3] } }];
  const { yielded, seen, requests } = await paginate(`{ endpoint: "/x", paginate: ${paging} }`, pages);
  assert.deepEqual(yielded, [[1, 2], [3]]);
  assert.deepEqual(
    seen,
    [["0", 200]].map(() => [0, 200]),
  );
  const sent = requests.map(({ params }) => params);
  assert.deepEqual(sent, [
    { take: 2, skip: "0" },
    { take: 2, skip: "2" },
  ]);
});

test("offset: counts pages when asked, as numbers in the body, until a page is empty", async () => {
  const paging = `{ type: "offset", offset_name_in_request: "page", offset_start_value: 1, offset_calculation_method: "per-page", response_path: "rows", in_body: true }`;
  const pages = [{ data: { rows: [1, 2] } }, { data: { rows: [3] } }, { data: { rows: [] } }];
  const { yielded, requests } = await paginate(`{ endpoint: "/x", paginate: ${paging} }`, pages);
  assert.deepEqual(yielded, [[1, 2], [3]]);
  assert.deepEqual(
    requests.map(({ data }) => data),
    [{ page: 1 }, { page: 2 }, { page: 3 }],
  );
});

test("the provider's settings are the base, the call's win", async () => {
  const defaults = {
    type: "offset",
    offset_name_in_request: "start",
    response_path: "items",
    limit_name_in_request: "n",
  };
  const pages = [{ data: { rows: [1] } }];
  const config = `{ endpoint: "/x", paginate: { response_path: "rows", limit: 2 } }`;
  const { yielded, requests } = await paginate(config, pages, defaults);
  assert.deepEqual(yielded, [[1]]);
  assert.deepEqual(requests[0]?.params, { n: 2, start: "0" });
});

test("a missing setting is an error before any request", async () => {
  const wrong = [
    `{ endpoint: "/x" }`,
    `{ endpoint: "/x", paginate: { type: "pages" } }`,
    `{ endpoint: "/x", paginate: { type: "cursor", cursor_name_in_request: "a" } }`,
    `{ endpoint: "/x", paginate: { type: "cursor", cursor_path_in_response: "a" } }`,
    `{ endpoint: "/x", paginate: { ${CURSOR}, limit: 5 } }`,
    `{ endpoint: "/x", paginate: { type: "link" } }`,
    `{ endpoint: "/x", paginate: { type: "offset" } }`,
  ];
  for (const config of wrong) {
    const { error, requests } = await paginate(config, [{ data: [] }]);
    assert.match(String(error), /^paginate: /, config);
    assert.equal(requests.length, 0, config);
  }
});

test("cursor: missing rows end it like none, and what is neither text nor number is no cursor", async () => {
  const noRows = await paginate(`{ endpoint: "/x", paginate: { ${CURSOR} } }`, [{ data: { meta: { next: "a" } } }]);
  assert.deepEqual([noRows.yielded, noRows.seen], [[], []]);
  const pages = [{ data: { rows: [1], meta: { next: { page: 2 } } } }];
  const noCursor = await paginate(`{ endpoint: "/x", paginate: { ${CURSOR}, on_page } }`, pages);
  assert.deepEqual([noCursor.yielded, noCursor.seen], [[[1]], [["none", 200]]]);
});

test("values go into the body of PUT and PATCH as into that of POST, and into the query of the others", async () => {
  const paging = `{ type: "offset", offset_name_in_request: "skip", limit: 1, limit_name_in_request: "take" }`;
  for (const [method, isBody] of Object.entries({ put: true, PATCH: true, DELETE: false, get: false })) {
    const config = `{ endpoint: "/x", method: "${method}", paginate: ${paging} }`;
    const { requests } = await paginate(config, [{ data: [] }]);
    const [{ data, params }] = requests as [ProxyRequest];
    assert.deepEqual(isBody ? data : params, isBody ? { take: 1, skip: 0 } : { take: 1, skip: "0" }, method);
    assert.equal(isBody ? params : data, undefined, method);
  }
});

test("on_page is awaited before the next page is asked for, and after the rows were taken", async () => {
  const host = recordingHost({
    proxy: () => ({ status: 200, statusText: "OK", headers: {}, data: host.calls.length < 3 ? [1] : [] }),
  });
  const body = `const order = [];
    const on_page = async () => { order.push("page"); await new Promise((done) => setTimeout(done, 5)); order.push("seen"); };
    for await (const rows of nango.paginate({ endpoint: "/x", paginate: { type: "offset", offset_name_in_request: "o", on_page } })) order.push("rows");
    return order;`;
  const outcome = await runBody(body, { call: host.call });
  assert.deepEqual(outcome.ok ? outcome.value : outcome.error, ["rows", "page", "seen", "rows", "page", "seen"]);
});

test("a provider that is not known is an error before any request, whatever the call says", async () => {
  const { error, requests } = await paginate(`{ endpoint: "/x", paginate: { ${CURSOR} } }`, [{ data: [] }], null);
  assert.equal(error, 'unknown_provider_template_in_config: there is no provider "acme".');
  assert.equal(requests.length, 0);
});
