// The same as tenancy.test.ts, three relations deep and with every argument of every relation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askEverything, SILENT } from "./tenancy.ts";
import { tenants } from "./tenancy-world.ts";

test("no query, relation, filter, id, cursor or mutation reaches another environment", async (t) => {
  const api = await tenants(t);
  const { documents, mutations, silent, idle } = await askEverything(api, 3);
  assert.ok(documents > 20 && mutations > 10, `${documents} ${mutations}`);
  assert.deepEqual(idle, [], "mutations that found nothing of their own");
  assert.deepEqual(silent, Object.keys(SILENT).sort(), "fields that were never seen");
});
