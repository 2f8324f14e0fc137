// Delivery into a table of the user's: with every write of records, whatever makes it, in the same transaction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { approveDeletes, checkInvariants, tidy } from "../../src/db/runs.ts";
import { undoRun } from "../../src/runs/undo.ts";
import { ANNA, CONTACTS, contactsWorld, idsIn, numbered, type Step } from "../helpers/landing.ts";

test("whatever saves or deletes records changes the table with them", async (t) => {
  const { engine, db, connection, runs, equals } = await contactsWorld(t);
  await runs(connection, [["batchSave", [ANNA, ...numbered(1_200)], "Contact"]]);
  const [anna] = await db.query(
    "select to_jsonb(c) || jsonb_build_object('big', big::text) as row from crm.contacts c where contact_id = 'anna'",
  );
  const [record] = await db.query(
    "select to_jsonb(first_seen_at) as first, to_jsonb(last_modified_at) as last from syncline.records where external_id = 'anna'",
  );
  assert.deepEqual(anna!.row, {
    account: "one",
    contact_id: "anna",
    big: ANNA.big,
    born: ANNA.born,
    seen: "2026-01-02T01:04:05.123456+00:00",
    tags: ANNA.tags,
    extra: ANNA.extra,
    mood: "cross",
    share: 70,
    city: "Łódź",
    doubled: 140,
    note: "untouched",
    version: 1,
    raw: ANNA,
    first_at: record!.first,
    last_at: record!.last,
    where_from: "acme",
  });
  assert.equal(await equals(), 1_201);

  const changes: Step[] = [
    ["batchSave", [{ ...ANNA, big: null, tags: [] }, ...numbered(2)], "Contact"],
    [
      "batchUpdate",
      [
        { id: "n0000", share: 2, extra: { a: 1 } },
        { id: "unknown", share: 3 },
      ],
      "Contact",
    ],
    ["batchUpdate", [{ id: "n0000", extra: { b: 2 } }], "Contact"],
    ["batchDelete", [{ id: "n0001" }, { id: "n0002" }, { id: "unknown" }], "Contact"],
    ["batchSave", [{ id: "n0002", share: 5 }], "Contact"],
    ["batchSave", [{ id: "lead" }], "Lead"],
  ];
  await runs(connection, changes);
  assert.equal(await equals(), 1_200);
  const merged = await db.query(
    "select contact_id, share, extra, big from crm.contacts where contact_id in ('anna', 'n0000', 'n0001', 'n0002') order by 1",
  );
  assert.deepEqual(merged, [
    { contact_id: "anna", share: 70, extra: ANNA.extra, big: null },
    { contact_id: "n0000", share: 2, extra: { a: 1, b: 2 }, big: null },
    { contact_id: "n0002", share: 5, extra: null, big: null },
  ]);

  // A refresh deletes what it did not see; the brake first asks.
  await runs(connection, [
    ["trackDeletesStart", "Contact"],
    ["batchSave", numbered(1_100), "Contact"],
    ["trackDeletesEnd", "Contact"],
  ]);
  assert.equal(await equals(), 1_100);
  await runs(connection, [
    ["trackDeletesStart", "Contact"],
    ["batchSave", numbered(3), "Contact"],
    ["trackDeletesEnd", "Contact"],
  ]);
  assert.equal(await equals(), 1_100);
  const [parked] = await db.query("select id from syncline.refreshes where state = 'needs_approval'");
  assert.equal(await approveDeletes(db.pool, { refresh: parked!.id }), 1_097);
  assert.equal(await equals(), 3);

  // A pruned payload keeps its row, also when the record is saved again as it was.
  const row = () => db.query("select to_jsonb(c) as row from crm.contacts c where contact_id = 'n0000'");
  const before = await row();
  await db.query("update syncline.records set payload = null, pruned_at = now() where external_id = 'n0000'");
  assert.deepEqual(await row(), before);
  await runs(connection, [["batchSave", numbered(1), "Contact"]]);
  assert.equal(await equals(), 3);

  await runs(connection, [["batchSave", numbered(2, 50), "Contact"]], { emptyCache: true });
  assert.deepEqual(await idsIn(db), ["n0050", "n0051"]);
  assert.equal(await equals(), 2);

  const other = await engine.connect("two");
  await runs(other, [["batchSave", numbered(2), "Contact"]]);
  assert.equal(await equals(), 4);
  await db.query("select syncline.delete_connection($1, 'acme', 'one')", [engine.environment]);
  assert.deepEqual(await idsIn(db), ["n0000", "n0001"]);
  assert.equal(await equals(), 2);
  await db.query("update syncline.streams set last_change_at = now() - interval '90 days'");
  await db.query(
    "update syncline.runs set started_at = now() - interval '90 days', finished_at = now() - interval '90 days'",
  );
  await tidy(db.pool, {});
  assert.deepEqual(await idsIn(db), []);
  assert.deepEqual(await checkInvariants(db.pool, {}), []);
});

test("a mapping on a stream with records fills the table first, goes on where it stopped, and leaves it when it is gone", async (t) => {
  const { db, connection, deploy, runs, run, equals, said } = await contactsWorld(t);
  await deploy(undefined);
  await runs(connection, [
    ["batchSave", [ANNA, ...numbered(1_999)], "Contact"],
    ["batchSave", numbered(1_500, 1_999), "Contact"],
    ["batchDelete", numbered(10), "Contact"],
  ]);
  assert.deepEqual(await idsIn(db), []);
  // The last record cannot be delivered: what came before stays, and the next run goes on there.
  await db.query("alter table crm.contacts add constraint small check (contact_id <> 'n3498')");
  await deploy({ Contact: CONTACTS });
  const failed = await run(connection, []);
  assert.match(failed.error!.message, /^crm\.contacts, record n3498: .*violates check constraint "small"/);
  const [filling] = await db.query("select * from syncline.delivery_overview");
  assert.deepEqual([filling!.is_filled, filling!.positions_to_fill > 0, filling!.records], [false, true, 3_490]);
  const { length } = await idsIn(db);
  assert.ok(length >= 1_000 && length < 3_490);
  await db.query("alter table crm.contacts drop constraint small");
  await db.query("insert into crm.contacts (account, contact_id) values ('one', 'a ghost'), ('another', 'a ghost')");
  await runs(connection, []);
  await db.query("delete from crm.contacts where account = 'another'");
  assert.equal(await equals(), 3_490);
  assert.deepEqual(await said("crm.contacts%filled%"), [
    "crm.contacts is filled with 3490 records first",
    "crm.contacts is filled with 3490 records first",
    "crm.contacts is filled: 490 records",
  ]);
  // Other columns: all of it again, and only once.
  await db.query("alter table crm.contacts rename column city to town");
  const { city: _, ...others } = CONTACTS.columns;
  await deploy({ Contact: { ...CONTACTS, columns: { ...others, town: "address.city" } } });
  await db.query("update crm.contacts set town = null");
  await runs(connection, []);
  assert.deepEqual(await db.query("select town from crm.contacts where contact_id = 'anna'"), [{ town: "Łódź" }]);
  const [{ id: landing } = {}] = await db.query("select id from syncline.landings");
  await runs(connection, []);
  assert.deepEqual(await db.query("select id, filled_at is not null as is_filled from syncline.landings"), [
    { id: landing, is_filled: true },
  ]);
  // After a truncate an operator asks for it.
  await db.query("truncate crm.contacts");
  assert.deepEqual(await db.query("select syncline.refill_delivery('dev', 'crm.contacts')"), [{ refill_delivery: 1 }]);
  await runs(connection, []);
  assert.equal(await equals(), 3_490);
  await deploy(undefined);
  await runs(connection, [["batchDelete", [{ id: "anna" }], "Contact"]]);
  assert.equal((await idsIn(db)).length, 3_490);
  assert.deepEqual(await db.query("select from syncline.landings"), []);
});

test("an undone run takes its rows with it; contents that come back are rows in the same commit where the server undoes it, and otherwise only if they may come with the next run", async (t) => {
  const { engine, db, connection, run, runs, equals } = await contactsWorld(t);
  await runs(connection, [["batchSave", numbered(20), "Contact"]]);
  const { id } = await run(connection, [
    ["batchSave", numbered(5, 100), "Contact"],
    ["batchDelete", numbered(3), "Contact"],
  ]);
  assert.equal(await equals(), 22);
  const isFilled = async () => (await db.query("select is_filled from syncline.delivery_overview"))[0]!.is_filled;
  await assert.rejects(db.query("select * from syncline.undo_run($1)", [id]), {
    code: "SL005",
    message: `undoing run ${id} brings back 3 rows of crm.contacts, whose contents only the server can open`,
  });
  const undo = undoRun({ db: db.pool, keys: engine.keys });
  const [{ undo_run: made, ...counts } = {}] = await undo({ environment: engine.environment, run: id, rewind: true });
  assert.deepEqual(counts, {
    model: "Contact",
    removed: 5,
    restored: 3,
    reverted: 0,
    changed_since: 0,
    unrecoverable: 0,
  });
  assert.equal(await isFilled(), true);
  assert.equal(await equals(), 20);

  const later = "select removed, restored from syncline.undo_run($1, p_fill_later => true)";
  assert.deepEqual(await db.query(later, [made]), [{ removed: 3, restored: 5 }]);
  assert.deepEqual(
    await idsIn(db),
    numbered(17, 3).map((row) => row.id),
  );
  assert.equal(await isFilled(), false);
  await runs(connection, []);
  assert.equal(await isFilled(), true);
  assert.equal(await equals(), 22);
});
