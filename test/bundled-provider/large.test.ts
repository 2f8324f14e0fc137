// A million rows of each kind: nothing is stored, and no question walks over the rows it does not return.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Row } from "../../src/bundled-provider/kinds.ts";
import { ids, startAcme, walkContacts } from "./acme.ts";

const MILLION = 1_000_000;
const rows = { contacts: MILLION, companies: MILLION, tickets: MILLION };

const heapBytes = () => {
  setFlagsFromString("--expose_gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
};

test("first and last pages, changes and deletions of three million rows take no memory worth counting", async (t) => {
  const before = heapBytes();
  const acme = await startAcme(t, { rows });
  assert.equal(((await acme.get("/v1/contacts?limit=1000")).data as Row[]).length, 1000);
  const last = (await acme.get(`/v1/companies?limit=1000&offset=${MILLION - 3}`)).companies as Row[];
  assert.deepEqual(ids(last), ["com_000999997", "com_000999998", "com_000999999"]);
  const tickets = (await acme.get("/v1/tickets?per_page=1000&page=1000")).tickets as Row[];
  assert.equal(tickets.at(-1)?.id, "tic_000999999");
  const since = tickets.at(-8)!.updated_at;
  const changed = (await acme.get(`/v1/tickets?updated_since=${since}`)).tickets as Row[];
  assert.deepEqual(
    changed,
    tickets.filter((row) => row.updated_at >= since),
  );
  const edits = acme.world.edit({ update: 50, delete: 50 });
  const found = await walkContacts(acme.get, 20, `&updated_since=${edits[0]!.at}`);
  assert.deepEqual(new Set(ids(found)), new Set(ids(edits).filter((id) => acme.world.get("contacts", id))));
  const total = (await acme.get("/v1/companies?limit=1&updated_since=2024-01-01T00:00:00Z")).total;
  assert.equal(total, MILLION);
  // Stored as objects the rows would take three gigabytes; stored as one byte each still 3 MB of numbers at least twice over.
  const grown = heapBytes() - before;
  assert.ok(grown < 20_000_000, `${grown} bytes`);
});
