// The admin API: the truth to compare with, edits, statistics, and a way back to the start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Body, startAcme, walkContacts } from "./acme.ts";

test("the state is the exact truth, one row a line", async (t) => {
  const acme = await startAcme(t, { rows: { contacts: 1200 } });
  acme.world.edit({ count: 40 });
  const response = await acme.admin("GET", "state?kind=contacts");
  const lines = (await response.text()).trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [...acme.world.rows("contacts")],
  );
  assert.equal(response.headers.get("x-acme-count"), String(lines.length));
  assert.equal(await (await acme.admin("GET", "state?kind=tickets")).text(), "");
});

test("edits over HTTP are the seeded edits of the world", async (t) => {
  const [one, two] = [await startAcme(t), await startAcme(t)];
  const plan = { kind: "companies", add: 2, update: 3, delete: 1, count: 4 } as const;
  const { edits } = (await (await one.admin("POST", "edits", plan)).json()) as { edits: Body[] };
  assert.deepEqual(
    edits,
    two.world.edit(plan).map(({ row: _, fields: __, ...edit }) => edit),
  );
});

test("edits between pages happen after each page, as often as asked, and stop when told", async (t) => {
  const acme = await startAcme(t);
  await acme.admin("POST", "edits", { add: 2, between_pages: true, times: 2 });
  await walkContacts(acme.get, 20);
  assert.equal(acme.world.count("contacts"), 54);
  await acme.admin("POST", "edits", { add: 1, between_pages: true });
  await acme.admin("DELETE", "edits");
  await walkContacts(acme.get, 20);
  assert.equal(acme.world.count("contacts"), 54);
});

test("reset brings back rows, draws, limits and statistics, and drops faults and webhooks", async (t) => {
  const acme = await startAcme(t);
  const start = await acme.get("/v1/contacts?limit=1000");
  const first = acme.world.edit({ count: 5 });
  acme.faults.add({ kind: 500 });
  acme.webhooks.add({ url: "http://127.0.0.1:1/", secret: "s" });
  acme.rateLimit.set({ requests: 1, windowMs: 1000 });
  acme.betweenPages.set({ add: 1 });
  await acme.admin("POST", "reset");
  assert.equal(acme.stats.total, 0);
  assert.deepEqual([...acme.faults.list(), ...acme.webhooks.list()], []);
  for (let turn = 0; turn < 3; turn += 1) assert.deepEqual(await acme.get("/v1/contacts?limit=1000"), start);
  assert.deepEqual(acme.world.edit({ count: 5 }), first);
});

test("statistics over HTTP are those of the process", async (t) => {
  const acme = await startAcme(t);
  await acme.get("/v1/contacts");
  assert.deepEqual(await (await acme.admin("GET", "stats")).json(), acme.stats);
});

test("a web page in a browser on this machine cannot use the admin API", async (t) => {
  const acme = await startAcme(t);
  const response = await fetch(`${acme.url}/admin/reset`, {
    method: "POST",
    headers: { origin: "http://evil.example" },
  });
  assert.equal(response.status, 403);
});

test("a seed or a number of rows out of range is refused at the start", async (t) => {
  for (const rows of [{ contacts: 1_000_001 }, { tickets: -1 }, { companies: 0.5 }]) {
    await assert.rejects(startAcme(t, { rows }), { code: "invalid_settings" });
  }
  await assert.rejects(startAcme(t, { seed: -1 }), { code: "invalid_settings" });
});
