// Bindings of SQL functions: named arguments in, checked shapes and our own errors out.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { fn, maybeRow, nothing, row, rows, rowsUnchecked, value } from "../../src/db/fn.ts";
import { createPool } from "../../src/db/pool.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { emptyDatabase } from "../helpers/database.ts";

const FUNCTIONS = `
create schema syncline;
create function syncline.greet(p_name text, p_times int default 2) returns table (said text, n bigint) language sql stable
  return_rows;
create function syncline.refuse(p_code text) returns void language plpgsql as $$
  begin raise exception using errcode = p_code, message = 'refused', detail = 'the detail', hint = 'the hint'; end $$;
create function syncline.echo(p_value jsonb) returns jsonb language sql immutable return p_value;
create function syncline.moment() returns timestamptz language sql immutable return '2026-01-02 03:04:05.12+00'::timestamptz;
create function syncline.big() returns bigint language sql immutable return 9007199254740993;
create function syncline.joined(p_words text[], p_numbers bigint[], p_blobs bytea[]) returns text language sql immutable
  return concat_ws('|', p_words, p_numbers, p_blobs);
`.replace("return_rows", "begin atomic select p_name || g, g::bigint from generate_series(1, p_times) g; end");

const prepare = async (t: TestContext) => {
  const { url } = await emptyDatabase(t);
  const pool = createPool({ url, max: 3, applicationName: "syncline test" });
  t.after(() => pool.end());
  await pool.query(FUNCTIONS);
  return pool;
};

const Greeting = z.object({ said: z.string(), n: z.number() });

test("arguments go by name, and the ones left out take the function's defaults", async (t) => {
  const db = await prepare(t);
  const greet = fn("greet", { name: "text", times: "int?" }, rows(Greeting));
  assert.deepEqual(await greet(db, { name: "a" }), [
    { said: "a1", n: 1 },
    { said: "a2", n: 2 },
  ]);
  assert.deepEqual(await greet(db, { name: "b", times: 1 }), [{ said: "b1", n: 1 }]);
  assert.deepEqual(await fn("greet", { times: "int", name: "text" }, rowsUnchecked())(db, { times: 0, name: "" }), []);
});

test("a row is one row, a maybe row one or none, and what does not fit the shape is an error", async (t) => {
  const db = await prepare(t);
  const params = { name: "text", times: "int" } as const;
  assert.deepEqual(await fn("greet", params, row(Greeting))(db, { name: "a", times: 1 }), { said: "a1", n: 1 });
  assert.equal(await fn("greet", params, maybeRow(Greeting))(db, { name: "a", times: 0 }), null);
  const two = fn("greet", params, row(Greeting))(db, { name: "a", times: 2 });
  await assert.rejects(two, { code: "server_error", message: "syncline.greet returned 2 rows instead of one" });
  const wrong = fn("greet", params, row(z.object({ said: z.number() })))(db, { name: "a", times: 1 });
  await assert.rejects(wrong, {
    code: "server_error",
    message: /^syncline\.greet returned something unexpected: said: /,
  });
});

test("our own SQLSTATEs become errors with that code, others stay as they are", async (t) => {
  const db = await prepare(t);
  const refuse = fn("refuse", { code: "text" }, nothing());
  const payload = { detail: "the detail", hint: "the hint" };
  await assert.rejects(refuse(db, { code: "SL001" }), {
    name: "AppError",
    code: "SL001",
    status: 409,
    message: "refused",
    payload,
  });
  await assert.rejects(refuse(db, { code: "22012" }), { name: "error", code: "22012" });
});

test("json goes in and out as it is, arrays and strings and nulls included", async (t) => {
  const db = await prepare(t);
  const echo = fn("echo", { value: "jsonb" }, value(z.unknown()));
  for (const sent of [[1, "a", null], "text", { a: [{}] }, 1.5, true])
    assert.deepEqual(await echo(db, { value: sent }), sent);
  assert.equal(await echo(db, { value: null }), null);
});

test("times are UTC text with microseconds, and a bigint that a number cannot hold is refused", async (t) => {
  const db = await prepare(t);
  assert.equal(await fn("moment", {}, value(z.string()))(db, {}), "2026-01-02T03:04:05.120000+00:00");
  await assert.rejects(fn("big", {}, value(z.number()))(db, {}), { message: /9007199254740993 is too large/ });
});

test("arrays are sent in binary form", async (t) => {
  const db = await prepare(t);
  const joined = fn("joined", { words: "text[]", numbers: "bigint[]", blobs: "bytea[]" }, value(z.string()));
  const args = { words: ['a"{,}', null], numbers: [-1, 2 ** 53 - 1], blobs: [Buffer.from([0, 255])] };
  assert.equal(await joined(db, args), '{"a\\"{,}",NULL}|{-1,9007199254740991}|{"\\\\x00ff"}');
  assert.equal(await joined(db, { words: [], numbers: [], blobs: [] }), "{}|{}|{}");
});

test("what a failed transaction did is undone, and a deadlock is tried again", async (t) => {
  const db = await prepare(t);
  await db.query("create table things (id int)");
  const failing = inTransaction(db, async (tx) => {
    await tx.query("insert into things values (1)");
    throw new Error("no");
  });
  await assert.rejects(failing, /no/);
  let calls = 0;
  const count = await inTransaction(db, async (tx) => {
    calls++;
    if (calls < 3) await tx.query("do $$ begin raise exception using errcode = '40P01'; end $$");
    return (await tx.query("select count(*)::int as n from things")).rows[0].n;
  });
  assert.deepEqual([calls, count], [3, 0]);
});
