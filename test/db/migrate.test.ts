// Migrations: once, in order, all or nothing, never behind a newer version's back.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { migrate } from "../../src/db/migrate.ts";
import { connect } from "../../src/db/pool.ts";
import { emptyDatabase } from "../helpers/database.ts";
import { type Files, writeFolders } from "../helpers/migration-folders.ts";

const TABLE = "create schema syncline;\ncreate table syncline.things (id int primary key);\n";
const ONE = "create function syncline.one() returns int language sql stable return 1;\n";
const BASE: Files = { migrations: { "0001_things.sql": TABLE }, sql: { "10_one.sql": ONE } };

const prepare = async (t: TestContext) => {
  const { url } = await emptyDatabase(t);
  const run = (files: Files, o: { dryRun?: boolean } = {}) => migrate({ url, folders: writeFolders(t, files), ...o });
  const ask = async (query: string): Promise<unknown> => {
    const client = await connect({ url, applicationName: "test" });
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: "array" }).finally(() => client.end());
    return rows.flat();
  };
  return { run, ask };
};

test("what is pending is applied once, and graphile-worker's schema with it", async (t) => {
  const { run, ask } = await prepare(t);
  const first = await run(BASE);
  assert.deepEqual(first, { migrations: ["0001_things.sql"], sql: ["10_one.sql"], worker: true, ahead: [] });
  assert.deepEqual(await run(BASE), { migrations: [], sql: [], worker: false, ahead: [] });
  assert.deepEqual(await ask("select syncline.one() from graphile_worker.migrations limit 1"), [1]);
});

test("a dry run says what is pending and changes nothing", async (t) => {
  const { run, ask } = await prepare(t);
  const result = await run(BASE, { dryRun: true });
  assert.deepEqual(result.migrations, ["0001_things.sql"]);
  assert.deepEqual(await ask("select to_regnamespace('syncline')"), [null]);
});

test("a changed file of sql/ replaces all functions and views, also with other arguments, and removes what is gone", async (t) => {
  const { run, ask } = await prepare(t);
  const views = "create view syncline.twos as select syncline.one() + 1 as two;\n";
  await run({ ...BASE, sql: { "10_one.sql": ONE, "20_twos.sql": views } });
  await run({
    ...BASE,
    sql: { "10_one.sql": "create function syncline.one(p_a int) returns text language sql stable return 'x';" },
  });
  const query = "select oid::regprocedure::text from pg_proc where pronamespace = 'syncline'::regnamespace";
  assert.deepEqual(await ask(query), ["syncline.one(integer)"]);
  assert.deepEqual(await ask("select to_regclass('syncline.twos')"), [null]);
});

test("functions that a default, index, constraint, trigger or policy needs stay, with what they need in turn", async (t) => {
  const { run, ask } = await prepare(t);
  const migration = `${TABLE}
    create function syncline.base() returns int language sql immutable return 1;
    create function syncline.start() returns int language sql immutable return syncline.base();
    create function syncline.stamp() returns trigger language plpgsql as $$ begin return new; end $$;
    create function syncline.may() returns boolean language sql stable return true;
    alter table syncline.things add column n int default syncline.start();
    create trigger stamp before insert on syncline.things for each row execute function syncline.stamp();
    create policy p on syncline.things using (syncline.may());`;
  const migrations = { "0001_things.sql": migration };
  await run({ migrations, sql: { "10_one.sql": ONE } });
  await run({ migrations, sql: { "10_one.sql": ONE.replace("1;", "2;") } });
  const query = "select proname::text from pg_proc where pronamespace = 'syncline'::regnamespace order by 1";
  assert.deepEqual(await ask(query), ["base", "may", "one", "stamp", "start"]);
  assert.deepEqual(await ask("insert into syncline.things values (1) returning n"), [1]);
});

test("a migration may change a column that a function with a checked body uses", async (t) => {
  const { run, ask } = await prepare(t);
  const body = "returns bigint language sql stable begin atomic select max(t.id) from syncline.things t; end;";
  const sql = { "10_top.sql": `create function syncline.top() ${body}` };
  await run({ ...BASE, sql });
  const alter = "alter table syncline.things alter column id type bigint;";
  await run({ migrations: { ...BASE.migrations, "0002_big.sql": alter }, sql });
  assert.deepEqual(await ask("insert into syncline.things values (5000000000)"), []);
  assert.deepEqual(await ask("select syncline.top()"), [5_000_000_000]);
});

test("an error names file, line and column, and nothing of the run stays", async (t) => {
  const { run, ask } = await prepare(t);
  const broken =
    "-- two statements\nselect 1; -- fine\n\nselect 'é;$$', 1,\n  nothing_there\n  from syncline.things;\n";
  const message =
    /^sql\/20_broken\.sql:5:3: column "nothing_there" does not exist \(42703\)\n {4}5 \| {3}nothing_there\n {6}\| {3}\^/;
  await assert.rejects(run({ ...BASE, sql: { "20_broken.sql": broken } }), { code: "migration_failed", message });
  assert.deepEqual(await ask("select to_regnamespace('syncline')"), [null]);
});

test("an error that has no position is shown at its statement", async (t) => {
  const { run } = await prepare(t);
  const twice = "/* a; /* b; */ c; */ select $x$ ; $x$;\n\n  create table syncline.things (id int);\n";
  const message = /^migrations\/0002_twice\.sql:3:3: relation "things" already exists/;
  const failing = run({ migrations: { ...BASE.migrations, "0002_twice.sql": twice } });
  await assert.rejects(failing, { code: "migration_failed", message });
});

test("an applied migration that was edited is refused", async (t) => {
  const { run } = await prepare(t);
  await run(BASE);
  const edited = run({ ...BASE, migrations: { "0001_things.sql": `${TABLE}-- a word\n` } });
  await assert.rejects(edited, { code: "migration_edited", message: /^migrations\/0001_things\.sql was edited/ });
});

test("a newer database is refused after a breaking change, and otherwise left alone", async (t) => {
  const { run, ask } = await prepare(t);
  const newer = { ...BASE, migrations: { ...BASE.migrations, "0002_more.sql": "-- breaking: no\nselect 1;" } };
  await run({ ...newer, sql: { "10_one.sql": ONE.replace("1;", "2;") } });
  const older = await run(BASE);
  assert.deepEqual(older, { migrations: [], sql: [], worker: false, ahead: ["0002_more.sql"] });
  assert.deepEqual(await ask("select syncline.one()"), [2]);
  const breaking = {
    ...newer,
    migrations: { ...newer.migrations, "0003_break.sql": "-- breaking: yes (why)\nselect 1;" },
  };
  await run(breaking);
  await assert.rejects(run(BASE), { code: "database_ahead", message: /0003_break\.sql/ });
});

test("two migrations with one number, and a file without a number, are refused", async (t) => {
  const { run } = await prepare(t);
  const twice = run({ migrations: { "0001_a.sql": TABLE, "0001_b.sql": "select 1;" } });
  await assert.rejects(twice, { code: "migration_failed", message: /number of migrations\/0001_b\.sql/ });
  await assert.rejects(run({ migrations: { "first.sql": TABLE } }), { code: "migration_failed", message: /NNNN_name/ });
});

test("twenty migrations at once on one empty database all succeed", async (t) => {
  const { run, ask } = await prepare(t);
  const results = await Promise.all(Array.from({ length: 20 }, () => run(BASE)));
  assert.equal(results.filter((result) => result.migrations.length === 1).length, 1);
  assert.deepEqual(await ask("select count(*) from syncline.migrations"), [1]);
});
