// Throw-away databases: each begins with our schema and without anybody's rows, however the one before it was made and used.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "../../src/db/pool.ts";
import { startMigratedPostgres } from "../../src/db/throw-away.ts";

const use = async (t: TestContext, cache: string) => {
  const server = await startMigratedPostgres({ cache });
  t.after(() => server.stop());
  const client = await connect({ url: server.url, applicationName: "syncline test" });
  const insert = "insert into syncline.environments (name, signing_key_sealed) values ('mine', 'key')";
  try {
    const { rows } = await client.query("select count(*)::int as count from syncline.environments");
    await client.query(insert);
    return { server, rows: rows[0].count as number };
  } finally {
    await client.end();
  }
};

test("the second is a copy of the first as it was made, beside it; a damaged copy is made anew", async (t) => {
  const cache = mkdtempSync(path.join(tmpdir(), "syncline-cache-"));
  t.after(() => rmSync(cache, { recursive: true }));
  const first = await use(t, cache);
  const [kept, ...others] = readdirSync(cache);
  assert.deepEqual([kept?.replace(/[0-9a-f]{16}$/, ""), others], ["cluster-", []]);
  const second = await use(t, cache);
  assert.notEqual(second.server.url, first.server.url);
  truncateSync(path.join(cache, kept!, "postgres/global/pg_control"));
  const third = await use(t, cache);
  assert.deepEqual([first.rows, second.rows, third.rows], [0, 0, 0]);
  assert.deepEqual(readdirSync(cache), [kept]);
  await third.server.stop();
  assert.ok(!existsSync(third.server.dataFolder));
});

test("without a place to keep it each makes its own", async (t) => {
  assert.equal((await use(t, "/dev/null/nowhere")).rows, 0);
});
