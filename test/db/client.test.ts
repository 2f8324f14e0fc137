// Clients of one's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { takeClient } from "../../src/db/client.ts";
import { createPool } from "../../src/db/pool.ts";
import { testDatabase } from "../helpers/database.ts";

test("a client that cannot be had says that the database is away", async (t) => {
  const away = createPool({ url: "postgres://somebody@127.0.0.1:9/nothing", max: 1, applicationName: "syncline test" });
  t.after(() => away.end());
  await assert.rejects(takeClient(away), { code: "database_unavailable" });
});

test("a database that takes nobody is away, too", async (t) => {
  const db = await testDatabase(t);
  await db.query("create role nobody_more login password 'x' connection limit 0");
  t.after(() => db.query("drop role nobody_more"));
  const url = new URL(db.url);
  url.username = "nobody_more";
  url.password = "x";
  const full = createPool({ url: url.href, max: 1, applicationName: "syncline test" });
  t.after(() => full.end());
  await assert.rejects(takeClient(full), { code: "database_unavailable" });
});
