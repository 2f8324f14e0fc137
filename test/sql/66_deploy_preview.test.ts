// sql/66_deploy_preview.sql: what people are asked to agree to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sync, testTenant } from "./tenant.ts";

test("a new sync is for all connections of its integration, a removed one for those that have it", async (t) => {
  const tenant = await testTenant(t);
  await tenant.integrate("erp");
  for (const [name, integration] of [["one"], ["two"], ["other", "erp"]] as const)
    await tenant.connect(name, integration ?? "crm");
  await tenant.deploy([sync("contacts"), sync("deals", { models: { Deal: {} } })]);
  await tenant.query("select syncline.delete_sync(id) from syncline.syncs where name = 'contacts' order by id limit 1");
  const given = [
    sync("deals", { models: { Deal: {} }, auto_start: false }, "2"),
    sync("notes", { models: { Note: {} } }),
  ];
  const before = await tenant.query("select * from syncline.functions order by id");
  const rows = await tenant.query(
    "select name, change, auto_start, event, connections from syncline.preview_deploy($1, $2, 'all')",
    [tenant.environment, JSON.stringify(given)],
  );
  assert.deepEqual(rows, [
    { name: "contacts", change: "removed", auto_start: true, event: null, connections: 1 },
    { name: "deals", change: "updated", auto_start: false, event: null, connections: 2 },
    { name: "notes", change: "added", auto_start: true, event: null, connections: 2 },
  ]);
  assert.deepEqual(await tenant.query("select * from syncline.functions order by id"), before);
});
