// Delivery that Postgres refuses: a value, a constraint, a trigger, a lock, a table that has changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CONTACTS, contactsWorld, numbered, type Step } from "../helpers/landing.ts";

test("what Postgres refuses stops the save, stores nothing and says what and where; the next run goes on", async (t) => {
  const { engine, db, connection, deploy, run, runs, equals, said } = await contactsWorld(t);
  await db.query(`
    create table crm.moods (mood text primary key);
    insert into crm.moods values ('Oslo');
    alter table crm.contacts add foreign key (city) references crm.moods deferrable initially deferred;
    create function crm.refuse() returns trigger language plpgsql as $$
      begin
        if new.share = 13 then raise exception 'thirteen is refused by %', tg_name; end if;
        return new;
      end $$;
    create trigger no_thirteen before insert or update on crm.contacts for each row execute function crm.refuse();
    create table crm.notes (account text, contact_id text, foreign key (account, contact_id) references crm.contacts (account, contact_id));
    create unique index one_birth on crm.contacts (born);
    insert into crm.contacts (account, contact_id, share) values ('another tenant', 'secret', 77)`);
  const good: Step = ["batchSave", numbered(700, 0, { big: 1 }), "Contact"];
  const bad = (over: object): Step[] => [
    good,
    ["batchSave", [...numbered(300, 700), { id: "bad", ...over }, ...numbered(300, 2_000)], "Contact"],
  ];
  const refused: [over: object, message: RegExp][] = [
    [{ big: "12x" }, /^crm\.contacts, column "big", record bad: invalid input syntax for type bigint: "12x"/],
    [{ big: 1.5 }, /column "big", record bad: invalid input syntax for type bigint: "1.5"/],
    [{ born: "tomorrow-ish" }, /column "born", record bad: invalid input syntax for type date/],
    [{ tags: "no list" }, /column "tags", record bad: /],
    [{ mood: "sad" }, /column "mood", record bad: invalid input value for enum crm\.mood: "sad"/],
    [{ share: 101 }, /column "share", record bad: value for domain crm\.percent violates check constraint/],
    [
      { address: { city: "x".repeat(21) } },
      /column "city", record bad: value too long for type character varying\(20\)/,
    ],
    [
      { address: { city: "Atlantis" } },
      /^crm\.contacts: insert or update on table "contacts" violates foreign key constraint/,
    ],
    [{ share: 13 }, /^crm\.contacts, record bad: thirteen is refused by no_thirteen/],
  ];
  await db.query(
    "insert into crm.contacts (account, contact_id, born) values ('another tenant', 'secret too', '2000-02-29')",
  );
  refused.push([
    { born: "2000-02-29" },
    /^crm\.contacts, record bad: duplicate key value violates unique constraint "one_birth"/,
  ]);
  for (const [over, message] of refused) {
    const { state, error } = await run(connection, bad(over));
    assert.deepEqual([state, error?.type], ["failed", "delivery_failed"], JSON.stringify(over));
    assert.match(error!.message, message);
    assert.doesNotMatch(error!.message, /secret|tenant/);
  }
  assert.equal((await said("failed: crm.contacts%")).length, refused.length);
  // The first step had committed with its checkpoint, the second left nothing.
  const stored = () => db.query("select count(*)::int as n from syncline.records");
  assert.deepEqual(await stored(), [{ n: 700 }]);
  await db.query("delete from crm.contacts where account <> 'one'");
  assert.equal(await equals(), 700);

  // A function that makes nothing of it fails all the same.
  const { error } = await run(connection, [good, ...bad({ mood: "sad" })], { swallow: true });
  assert.match(error!.message, /enum crm\.mood/);
  assert.deepEqual(await stored(), [{ n: 700 }]);

  // Deletes that another table of the user's refuses.
  await db.query("insert into crm.notes values ('one', 'n0003')");
  const remove: Step = ["batchDelete", numbered(10), "Contact"];
  const kept = await run(connection, [good, good, remove]);
  assert.match(
    kept.error!.message,
    /^crm\.contacts, record n0003: update or delete on table "contacts" violates foreign key/,
  );
  assert.equal(await equals(), 700);
  await assert.rejects(db.query("select syncline.delete_connection($1, 'acme', 'one')", [engine.environment]), {
    code: "SL006",
  });
  await db.query("drop table crm.notes");
  await runs(connection, [good, good, remove]);
  assert.equal(await equals(), 690);

  // A row that somebody else holds for longer than a save waits.
  await db.query("update syncline.settings set delivery_lock_timeout = '50 ms'");
  const holder = await db.pool.connect();
  await holder.query("begin");
  await holder.query("select from crm.contacts where contact_id = 'n0100' for update");
  const change: Step[] = [["batchSave", numbered(300, 0, { share: 9 }), "Contact"]];
  assert.match(
    (await run(connection, change)).error!.message,
    /^crm\.contacts: another transaction has held a lock for/,
  );
  await holder.query("commit");
  holder.release();
  await runs(connection, change);
  assert.equal(await equals(), 700);

  // Drift: columns of the user's own are left alone, mapped ones that are gone are named.
  await db.query("alter table crm.contacts add column owner text not null default 'nobody', drop column version");
  await runs(connection, [["batchSave", numbered(1, 5_000), "Contact"]]);
  await db.query("alter table crm.contacts rename column extra to more");
  const drifted = await run(connection, [["batchSave", numbered(1, 5_001), "Contact"]]);
  assert.match(drifted.error!.message, /^crm\.contacts has no column "extra" any more\. Change the mapping/);
  await assert.rejects(deploy({ Contact: { ...CONTACTS, columns: { ...CONTACTS.columns, note: "note" } } }), {
    code: "SL004",
    message:
      'Contact of acme/scripted in "dev": column "extra" of crm.contacts cannot take extra: the table has no such column',
  });
  await db.query("alter table crm.contacts rename column more to extra");
  await db.query("drop index crm.one_birth; alter table crm.contacts drop constraint contacts_account_contact_id_key");
  const keyless = await run(connection, [["batchSave", numbered(1, 5_002), "Contact"]]);
  assert.match(keyless.error!.message, /no unique or exclusion constraint/);
  await db.query("alter table crm.contacts add unique (account, contact_id)");
  await db.query("select syncline.forbid_delivery('dev', 'crm.contacts')");
  const forbidden = await run(connection, [["batchSave", numbered(1, 5_003), "Contact"]]);
  assert.match(forbidden.error!.message, /may not be delivered into crm\.contacts\. An operator allows it, in psql/);
  assert.deepEqual(await db.query("select count(*)::int as n from crm.contacts"), [{ n: 701 }]);
  assert.deepEqual(await db.query("select deadlocks from pg_stat_database where datname = current_database()"), [
    { deadlocks: 0 },
  ]);
});
