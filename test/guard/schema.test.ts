// One schema, however it came about: fresh, step by step, applied again, by twenty at once; and the one in git.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { dumpSchema } from "../../src/db/dump.ts";
import { migrate } from "../../src/db/migrate.ts";
import { type Folders, OWN_FOLDERS } from "../../src/db/migration-files.ts";
import { connect } from "../../src/db/pool.ts";
import { emptyDatabase, testDatabase } from "../helpers/database.ts";
import { writeFolders } from "../helpers/migration-folders.ts";
import { readSources } from "./sources.ts";

const dump = async (url: string): Promise<string> => {
  const client = await connect({ url, applicationName: "test" });
  return await dumpSchema(client).finally(() => client.end());
};

const asFiles = (pattern: string): [name: string, text: string][] =>
  readSources(pattern).map(({ file, text }) => [path.basename(file), text]);

const migrations = asFiles("migrations/*.sql");
const sql = asFiles("sql/*.sql");

// By line, because a difference of two whole schemas is too long to read.
const assertSame = (actual: string, expected: string): void => {
  const [found, wanted] = [actual.split("\n"), expected.split("\n")];
  const tooMuch = found.filter((line) => !wanted.includes(line));
  const missing = wanted.filter((line) => !found.includes(line));
  assert.deepEqual({ tooMuch, missing }, { tooMuch: [], missing: [] });
  assert.equal(actual, expected);
};

const sameAsFresh = async (t: TestContext, url: string): Promise<void> => {
  const fresh = await testDatabase(t, { poolSize: 1 });
  assertSame(await dump(url), await dump(fresh.url));
};

test("migrations/schema.txt is current (npm run schema writes it)", async (t) => {
  const { url } = await testDatabase(t, { poolSize: 1 });
  const kept = readFileSync(path.join(OWN_FOLDERS.migrations, "schema.txt"), "utf8");
  assertSame(await dump(url), kept);
});

test("a database that was upgraded one migration at a time is like a fresh one", async (t) => {
  const { url } = await emptyDatabase(t);
  for (const count of migrations.keys()) {
    const folders = writeFolders(t, { migrations: Object.fromEntries(migrations.slice(0, count + 1)) });
    await migrate({ url, folders });
  }
  await migrate({ url });
  await sameAsFresh(t, url);
});

test("functions that are applied again are like the first ones", async (t) => {
  const { url } = await testDatabase(t, { poolSize: 1 });
  const changed = sql.map(([name, text]): [string, string] => [name, `${text}-- changed\n`]);
  const folders: Folders = writeFolders(t, {
    migrations: Object.fromEntries(migrations),
    sql: Object.fromEntries(changed),
  });
  assert.equal((await migrate({ url, folders })).sql.length, sql.length);
  await sameAsFresh(t, url);
});

test("twenty processes that migrate one empty database at once all succeed", async (t) => {
  const { url } = await emptyDatabase(t);
  const results = await Promise.all(Array.from({ length: 20 }, () => migrate({ url })));
  assert.equal(results.filter((result) => result.migrations.length > 0).length, 1);
  await sameAsFresh(t, url);
});
