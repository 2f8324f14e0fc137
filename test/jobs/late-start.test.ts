// trackDeletesStart after the first save: what the run saved before it has been seen all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkInvariants, createRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";

const LATE = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Starts late, or not at all", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string(), name: z.string() }) },
  metadata: z.object({ ids: z.array(z.string()), name: z.string(), isWhole: z.boolean() }),
  exec: async (nango) => {
    const { ids, name, isWhole } = await nango.getMetadata();
    const [first, ...rest] = ids.map((id) => ({ id, name }));
    await nango.batchSave([first], "Contact");
    if (isWhole) await nango.trackDeletesStart("Contact");
    await nango.batchSave(rest, "Contact");
    if (isWhole) await nango.trackDeletesEnd("Contact");
  },
});
`;

test("what a run saved before trackDeletesStart is not deleted at the end, changed or not", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 1 } });
  await engine.deploy({ "acme/syncs/contacts.ts": LATE });
  const connection = await engine.connect("one");
  await engine.db.query("select syncline.cancel_run(id) from syncline.runs");
  await engine.startWorker();
  const run = async (ids: string[], name: string, isWhole: boolean): Promise<string[]> => {
    await engine.db.query("update syncline.connections set metadata = $1", [JSON.stringify({ ids, name, isWhole })]);
    const [sync] = await engine.db.query("select id from syncline.syncs");
    await createRun(engine.db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
    await engine.quiet();
    const [last] = await engine.db.query("select state, error from syncline.runs order by id desc limit 1");
    assert.equal(last!.state, "succeeded", JSON.stringify(last!.error));
    return (await engine.live(connection, "Contact")).map((row) => (row as { id: string }).id);
  };
  assert.deepEqual(await run(["a", "b", "c"], "x", true), ["a", "b", "c"]);
  assert.deepEqual(await run(["a", "b", "c"], "x", true), ["a", "b", "c"], "unchanged");
  assert.deepEqual(await run(["a", "b"], "y", true), ["a", "b"], "changed");
  assert.deepEqual(await run(["d", "b"], "y", true), ["b", "d"], "new");
  assert.deepEqual(await run(["e"], "y", false), ["b", "d", "e"], "a run that looks at some only deletes nothing");
  const open = await engine.db.query("select 1 from syncline.refreshes where ended_at is null");
  assert.equal(open.length, 0, "and leaves no window open");
  assert.deepEqual(await checkInvariants(engine.db.pool, {}), []);
});
