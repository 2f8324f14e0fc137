// The command line as a user meets it: what it prints, and its exit code.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { emptyDatabase, testDatabase } from "../helpers/database.ts";

const CLI = path.join(import.meta.dirname, "../../src/cli.ts");

const syncline = async (url: string, args: string[], input = "") => {
  const env = { ...process.env, DATABASE_URL: url };
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out, err, code: child.exitCode };
};

test("sql prints a table, or JSON, or what the statement did, and reads standard input", async (t) => {
  const { url } = await emptyDatabase(t);
  const table = await syncline(url, [
    "sql",
    "select 10 as n, 'a' as word union all select 9, null order by 1; create table x ()",
  ]);
  assert.equal(table.out, " n  word\n--  ----\n 9\n10  a\n(2 rows)\nCREATE\n");
  const json = await syncline(url, ["sql", "-", "--json"], "select '{\"a\": [1]}'::jsonb as doc");
  assert.equal(json.out, '[{"doc":{"a":[1]}}]\n');
});

test("an error is one line without a stack and exit code 1", async (t) => {
  const { url } = await emptyDatabase(t);
  const failed = await syncline(url, ["sql", "selec 1"]);
  assert.deepEqual(failed, { out: "", err: 'error: syntax error at or near "selec"\n', code: 1 });
  const { err, code } = await syncline("mysql://nowhere", ["sql", "select 1"]);
  assert.deepEqual(
    { err, code },
    { err: "error: These settings are wrong:\n  DATABASE_URL must be a postgres:// URL\n", code: 1 },
  );
});

test("migrate says what it did, then that there is nothing to do", async (t) => {
  const { url } = await emptyDatabase(t);
  assert.match((await syncline(url, ["migrate", "--dry-run"])).out, /^would apply migrations\/0001_/);
  assert.match(
    (await syncline(url, ["migrate"])).out,
    /^applied migrations\/0001_[\s\S]+\napplied \d+ files of sql\/\n/,
  );
  assert.deepEqual(await syncline(url, ["migrate"]), { out: "nothing to do\n", err: "", code: 0 });
});

test("a database that a newer version broke with has exit code 57", async (t) => {
  const { url, query } = await testDatabase(t, { poolSize: 1 });
  await query(
    "insert into syncline.migrations (number, name, hash, breaking) values (9999, '9999_new.sql', 'x', true)",
  );
  const { err, code } = await syncline(url, ["migrate"]);
  assert.deepEqual(
    { err, code },
    { err: "error: The database has 9999_new.sql, which this version does not know. Update.\n", code: 57 },
  );
});
