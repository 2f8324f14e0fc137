// The world: seeded rows, edits over them, and the order of changes, checked against a plain model.
import assert from "node:assert/strict";
import { createHash, randomInt } from "node:crypto";
import { test } from "node:test";
import { KINDS, type Row } from "../../src/bundled-provider/kinds.ts";
import { nthOutside } from "../../src/bundled-provider/sorted.ts";
import { createWorld, type Edit } from "../../src/bundled-provider/world.ts";
import { createTestClock, ids } from "./acme.ts";

const counts = { contacts: 60, companies: 20, tickets: 30 };
const worldOf = (seed: number, wanted = counts) => createWorld({ seed, counts: wanted, clock: createTestClock() });
const bytes = (world: ReturnType<typeof worldOf>) => KINDS.map((kind) => JSON.stringify([...world.rows(kind)])).join();

test("the same seed and the same edits make the same rows, byte for byte, and another seed makes others", () => {
  const [one, two, other] = [worldOf(3), worldOf(3), worldOf(4)];
  for (const world of [one, two, other]) for (const kind of KINDS) world.edit({ kind, count: 40 });
  assert.equal(bytes(one), bytes(two));
  assert.notEqual(bytes(one), bytes(other));
});

test("rows of a seed stay the same on every machine and in every version", () => {
  const digest = createHash("sha256")
    .update(bytes(worldOf(1)))
    .digest("hex");
  assert.equal(digest, "e7cf78d3b21c41bd10d8db20775d1c08e8fd26626086307dd5c0e7db72da123a");
});

test("a contact is half a kilobyte to one kilobyte of nested JSON on average", () => {
  const rows = [...worldOf(5).rows("contacts")];
  const size = rows.reduce((sum, row) => sum + Buffer.byteLength(JSON.stringify(row)), 0) / rows.length;
  assert.ok(size > 512 && size < 1024, `${size} bytes`);
  assert.ok(rows.every(({ company_id }) => /^com_\d{9}$/.test(String(company_id))));
});

test("generated times rise with the index and four rows share each, so that pages end within ties", () => {
  const rows = [...worldOf(6).rows("contacts")];
  const times = rows.map(({ updated_at }) => updated_at);
  assert.deepEqual(times, times.toSorted());
  assert.equal(new Set(times).size, rows.length / 4);
});

test("an edit changes its row only, moves its time on, and keeps when it was created", () => {
  const world = worldOf(8);
  const before = [...world.rows("tickets")];
  const [edit] = world.edit({ kind: "tickets", update: 1 });
  const after = [...world.rows("tickets")];
  const changed = after.filter((row, index) => JSON.stringify(row) !== JSON.stringify(before[index]));
  assert.deepEqual(ids(changed), [edit!.id]);
  const old = before.find(({ id }) => id === edit!.id)!;
  assert.deepEqual(edit!.row, changed[0]);
  assert.ok(edit!.at > old.updated_at);
  assert.equal(edit!.row!.created_at, old.created_at);
  assert.equal(edit!.row!.version, 2);
});

test("a patch changes exactly its fields, survives seeded edits, and cannot change id or times", () => {
  const world = worldOf(9);
  const before = world.get("contacts", "con_000000005")!;
  const { row } = world.update("contacts", before.id, { title: "Queen", id: "x", created_at: "never" })!;
  assert.deepEqual(row, { ...before, title: "Queen", version: 2, updated_at: row!.updated_at });
  for (let turn = 0; turn < 300; turn += 1) world.edit({ update: 1 });
  const now = world.get("contacts", before.id)!;
  assert.equal(now.title, "Queen");
  assert.ok(Number(now.version) > 2);
});

test("a created row has exactly the fields given, and a deleted one is gone for good", () => {
  const world = worldOf(10);
  const { id, row } = world.create("companies", { name: "Own" });
  assert.deepEqual(Object.keys(row!), ["id", "name", "version", "created_at", "updated_at"]);
  assert.equal(world.remove("companies", id)?.action, "deleted");
  assert.equal(world.get("companies", id), undefined);
  assert.equal(world.remove("companies", id), undefined);
  assert.equal(world.update("companies", id, {}), undefined);
  assert.notEqual(world.create("companies", {}).id, id);
});

test("the edits of one world replayed in another make the same rows, and seeded edits go on from there", () => {
  const world = worldOf(12);
  const told: Edit[] = [];
  world.onEdit((edit) => told.push(edit));
  for (const kind of KINDS) world.edit({ kind, count: 40 });
  const { id } = world.create("contacts", { title: "Own" });
  world.update("contacts", id, { title: "Queen" });
  world.update("contacts", "con_000000005", { title: "King" });
  const again = worldOf(12);
  for (const edit of told) again.replay(edit);
  assert.equal(bytes(again), bytes(world));
  const [next] = again.edit({ kind: "companies", update: 1 });
  assert.ok(next!.at > told.at(-1)!.at);
});

test("reset brings the first rows back, and the same edits after it do the same", () => {
  const world = worldOf(11);
  const start = bytes(world);
  const first = world.edit({ count: 30 });
  world.reset();
  assert.equal(bytes(world), start);
  assert.deepEqual(world.edit({ count: 30 }), first);
});

test("a kind without rows can be edited", () => {
  const world = worldOf(12, { contacts: 0, companies: 0, tickets: 0 });
  assert.deepEqual([...world.rows("contacts")], []);
  assert.equal(world.table("contacts").countChanges(0), 0);
  world.edit({ update: 1, delete: 2 });
  assert.equal(world.count("contacts"), 1);
});

test("stepping over holes agrees with counting", () => {
  const holes = [0, 3, 4, 5, 9, 20];
  const outside = Array.from({ length: 40 }, (_, index) => index).filter((index) => !holes.includes(index));
  for (const from of [0, 1, 4, 10]) {
    const expected = outside.filter((index) => index >= from);
    for (let steps = 0; steps < 20; steps += 1) assert.equal(nthOutside(holes, { from, steps }), expected[steps]);
  }
});

const byChange = (a: Row, b: Row) =>
  a.updated_at === b.updated_at ? a.id.localeCompare(b.id) : a.updated_at.localeCompare(b.updated_at);

test("after any edits, changes since any time come in order and by offset as a full sort would give them", () => {
  const seed = randomInt(1_000_000);
  const world = worldOf(seed);
  for (let turn = 0; turn < 25; turn += 1) {
    world.edit({ count: 9 });
    const all = [...world.rows("contacts")];
    const table = world.table("contacts");
    assert.equal(all.length, world.count("contacts"));
    for (let offset = 0; offset < all.length; offset += 7) {
      assert.equal(table.read(table.nth(offset)).id, all[offset]!.id, `seed ${seed}`);
    }
    for (const { updated_at } of [all[0]!, all[turn % all.length]!, all.at(-1)!]) {
      for (const since of [Date.parse(updated_at), Date.parse(updated_at) + 1]) {
        const expected = ids(all.filter((row) => Date.parse(row.updated_at) >= since).sort(byChange));
        const found = Array.from(table.changes({ at: since, index: -1 }), ({ index }) => table.read(index).id);
        assert.deepEqual(found, expected, `seed ${seed}`);
        assert.equal(table.countChanges(since), expected.length, `seed ${seed}`);
        for (const [offset, id] of expected.entries()) {
          assert.equal(table.read(table.nthChange(since, offset)!.index).id, id, `seed ${seed}`);
        }
        assert.equal(table.nthChange(since, expected.length), undefined);
      }
    }
  }
});
