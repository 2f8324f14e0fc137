// What the style sheet asks of SQL, checked in the sources and in the catalogs of a migrated database.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CODES } from "../../src/errors.ts";
import { testDatabase } from "../helpers/database.ts";
import { readSources, withoutComments } from "./sources.ts";

const sources = readSources("{sql,migrations}/*.sql");
const sql = readSources("sql/*.sql");

// From its name to where its body begins.
const FUNCTION =
  /create (?:or replace )?(?:function|procedure) (?:syncline|api)\.(\w+)([\s\S]*?)(?:\bbegin atomic\b|\bas \$|\breturn\b)/gi;
const OTHER_CLOCK =
  /(?<![\w.])now\(\)|\b(?:clock_timestamp|statement_timestamp|transaction_timestamp)\(|\b(?:current_timestamp|current_date|current_time|localtime|localtimestamp)\b/i;
const MARKER = /-- wall clock: \S/;

const OWN_FUNCTIONS = `
select p.proname as name, count(*) as variants, bool_and(obj_description(p.oid, 'pg_proc') is not null) as "hasComment",
       bool_and(not p.prosecdef or coalesce(p.proconfig::text, '') like '%search_path=%') as "isSafeDefiner"
  from pg_proc p where p.pronamespace in ('syncline'::regnamespace, 'api'::regnamespace) group by p.pronamespace, p.proname order by p.proname`;

test("every function in the database is in sql/ or migrations/, once, with a comment", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const written = new Set(sources.flatMap(({ text }) => [...text.matchAll(FUNCTION)].map((match) => match[1])));
  for (const { name, variants, hasComment, isSafeDefiner } of await query(OWN_FUNCTIONS)) {
    assert.ok(written.has(name), `${name} is in the database only`);
    assert.equal(variants, 1, `${name} is overloaded`);
    assert.ok(hasComment, `${name} has no comment`);
    assert.ok(isSafeDefiner, `${name} is security definer without a search_path of its own`);
  }
});

test("every function states its volatility", () => {
  for (const { file, text } of sources) {
    for (const [, name, head] of withoutComments(text).matchAll(FUNCTION)) {
      assert.match(head!, /\b(immutable|stable|volatile)\b/i, `${file}: ${name}`);
    }
  }
});

test("every table and view has a comment, and every table has row security", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const rows = await query(`
    select relname as name, relkind as kind, relrowsecurity as "hasRowSecurity", obj_description(oid, 'pg_class') is not null as "hasComment"
      from pg_class where relnamespace in ('syncline'::regnamespace, 'api'::regnamespace) and relkind in ('r', 'p', 'v', 'm') and not relispartition`);
  for (const { name, kind, hasRowSecurity, hasComment } of rows) {
    assert.ok(hasComment, `${name} has no comment`);
    assert.ok(hasRowSecurity || kind === "v" || kind === "m", `${name} has no row security`);
  }
});

test("every foreign key says what a delete does", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const silent = await query(`
    select conname from pg_constraint
     where connamespace = 'syncline'::regnamespace and contype = 'f' and confdeltype = 'a'`);
  assert.deepEqual(silent, []);
});

test("the clock is syncline.now(), and other clocks say why", () => {
  for (const { file, text } of sql) {
    for (const [index, line] of text.split("\n").entries()) {
      if (!MARKER.test(line)) assert.doesNotMatch(withoutComments(line), OTHER_CLOCK, `${file}:${index + 1}`);
    }
  }
});

test("the codes that SQL raises, lists, and that errors.ts knows are the same", async (t) => {
  const { query } = await testDatabase(t, { poolSize: 1 });
  const raised = new Set(
    sql.flatMap(({ text }) => [...text.matchAll(/errcode = '(\w{5})'/g)].map((match) => match[1]!)),
  );
  const listed = await query("select code, says from syncline.error_codes() order by code");
  const known = Object.entries(CODES).filter(([code]) => code.startsWith("SL"));
  assert.deepEqual(
    listed,
    known.map(([code, { says }]) => ({ code, says })).sort((a, b) => (a.code < b.code ? -1 : 1)),
  );
  assert.deepEqual(
    [...raised].sort(),
    listed.map((row) => row.code),
  );
});
