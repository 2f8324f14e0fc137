// GET and POST /runs/:runId/undo, and `syncline undo`, which calls them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSyncline } from "../commands/server.ts";
import { DEV_KEY, of, syncFunction, testApi } from "./api.ts";

test("a run is looked at and undone by its number: over the API and from the command line, not while its sync runs", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts")]);
  await api.connect("crm", "one");
  const lease = await api.claim();
  const path = `/runs/${lease.id}/undo`;
  await api.save(lease, "Contact", [{ id: "1" }, { id: "2" }]);
  const running = await api.call("POST", path, { body: {} });
  assert.equal(running.status, 409);
  assert.deepEqual(
    [running.body.error.code, /Pause the sync first/.test(running.body.error.message)],
    ["cannot_undo", true],
  );
  await api.finish(lease);

  const counts = { model: "Contact", removed: 2, restored: 0, reverted: 0, changed_since: 0, unrecoverable: 0 };
  assert.deepEqual((await api.must("GET", path)).models, [counts]);
  const env = { SYNCLINE_URL: api.url, SYNCLINE_API_KEY: DEV_KEY };
  const looked = await runSyncline(t, ["undo", String(lease.id), "--preview"], env);
  assert.match(looked.out, /^model +removed .*\n[- ]+\nContact +2 +0 +0 +0 +0\n$/);
  const { undo_run: made, models } = await api.must("POST", path, { body: { rewind: false } });
  assert.deepEqual(models, [counts]);
  const actions = async () =>
    (await api.must("GET", "/records?model=Contact", { headers: of("crm", "one") })).records.map(
      (record: { _nango_metadata: { last_action: string } }) => record._nango_metadata.last_action,
    );
  assert.deepEqual(await actions(), ["DELETED", "DELETED"]);

  const again = await runSyncline(t, ["undo", String(made), "--json"], env);
  assert.equal(JSON.parse(again.out).models[0].restored, 2);
  assert.deepEqual(await actions(), ["ADDED", "ADDED"]);
  assert.equal((await api.call("GET", "/runs/999999/undo")).status, 404);
});
