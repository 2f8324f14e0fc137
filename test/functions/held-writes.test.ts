// What a function writes is compared with what it wrote just before, not only with what has been committed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";

const SYNC = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Writes one record again and again in one breath", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string(), value: z.number() }) },
  exec: async (nango) => {
    const save = (id, value) => nango.batchSave([{ id, value }], "Contact");
    await save("changed back", 1);
    await save("deleted and saved", 1);
    await save("saved and deleted", 1);
    if (nango.lastSyncDate === undefined) return;
    await save("changed back", 2);
    await save("changed back", 1);
    await nango.batchDelete([{ id: "deleted and saved" }], "Contact");
    await save("deleted and saved", 1);
    await save("saved and deleted", 2);
    await nango.batchDelete([{ id: "saved and deleted" }], "Contact");
  },
});
`;

test("of several writes to one record in a row the last one counts, though each leads back to what was stored", async (t) => {
  const engine = await testEngine(t, { rows: {} });
  await engine.deploy({ "acme/syncs/contacts.ts": SYNC });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  const [sync] = await engine.db.query("select id from syncline.syncs");
  await createRun(engine.db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
  await engine.quiet();
  assert.deepEqual(await engine.db.query("select state from syncline.runs"), Array(2).fill({ state: "succeeded" }));
  assert.deepEqual(await engine.live(connection, "Contact"), [
    { id: "changed back", value: 1 },
    { id: "deleted and saved", value: 1 },
  ]);
});
