// Deleting what a run did not see, where it is not as simple as that: variants, runs that go on midway, code that hides it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVariant, triggerSync } from "../../src/db/sync-control.ts";
import { type Engine, testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const file = (exec: string, options = ""): string => `
import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", autoStart: true, models: { Row: z.looseObject({ id: z.string() }) }, ${options}
  checkpoint: z.object({ page: z.number() }),
  exec: async (nango) => {
    const isFirst = nango.lastSyncDate === undefined;
    const save = (...ids) => nango.batchSave(ids.map((id) => ({ id })), "Row");
    ${exec}
  },
});
`;

const started = async (engine: Engine, text: string) => {
  await engine.deploy({ "acme/syncs/rows.ts": text });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  const scope = { environment: engine.environment, integration: "acme", connection: "one" };
  const run = async (sync = "rows") => {
    await triggerSync(engine.db.pool, { ...scope, syncs: [sync] });
    await engine.quiet();
  };
  const state = async (variant = "base") =>
    Object.fromEntries(
      (await engine.records(connection, "Row", { variant })).map(({ id, _nango_metadata: { last_action } }) => [
        id,
        last_action,
      ]),
    );
  return { scope, run, state };
};

test("a run that goes on midway deletes nothing and says so", async (t) => {
  const engine = await testEngine(t);
  const { run, state } = await started(
    engine,
    file(`
    const page = (await nango.getCheckpoint())?.page ?? 1;
    if (isFirst) return void (await save("a", "b", "c"));
    if (page === 1) { await save("a"); await nango.saveCheckpoint({ page: 2 }); throw new Error("cut off"); }
    await save("b");
    await nango.clearCheckpoint();
    const { deletedKeys } = await nango.deleteRecordsFromPreviousExecutions("Row");
    await nango.log("gone: " + deletedKeys.join(), { level: "warn" });`),
  );
  assert.deepEqual(await state(), { a: "ADDED", b: "ADDED", c: "ADDED" });
  await run();
  await run();
  assert.deepEqual(await state(), { a: "ADDED", b: "ADDED", c: "ADDED" });
  await until("a warning", async () => {
    const said = await engine.db.query("select level from syncline.logs where message like '%midway%'");
    return said.length === 1 && said[0]?.level === "warn";
  });
});

test("a name that does not stand in the code, a second call, and trackDeletes beside it delete nothing, with a warning", async (t) => {
  const engine = await testEngine(t);
  const { run, state } = await started(
    engine,
    file(`const name = ["deleteRecordsFrom", "PreviousExecutions"].join("");
    await save(...(isFirst ? ["a", "b"] : ["a"]));
    await nango[name]("Row");`),
  );
  await run();
  assert.deepEqual(await state(), { a: "ADDED", b: "ADDED" });
  await engine.deploy({
    "acme/syncs/rows.ts": file(`
    await save("a", "new");
    const call = nango.deleteRecordsFromPreviousExecutions;
    await call("Row");
    await call("Row");`),
  });
  await run();
  assert.deepEqual(await state(), { a: "ADDED", b: "DELETED", new: "ADDED" });
  await engine.deploy({
    "acme/syncs/rows.ts": file(
      `await save("a");
    const call = nango.deleteRecordsFromPreviousExecutions;
    await nango.batchSave([{ id: "told", keys: (await call("Row")).deletedKeys }], "Row");`,
      "trackDeletes: true,",
    ),
  });
  await run();
  assert.deepEqual(await state(), { a: "ADDED", b: "DELETED", new: "DELETED", told: "ADDED" });
  const warned =
    "select message from syncline.logs where level = 'warn' and message like '%nothing was deleted' order by id";
  const messages = await until("the warnings", async () => {
    const found = (await engine.db.query(warned)).map(({ message }) => String(message));
    return found.length >= 4 && found;
  });
  for (const [at, says] of [/must stand in/, /must stand in/, /called for Row before/, /trackDeletes/].entries()) {
    assert.match(messages[at] ?? "", says);
  }
});

test("a variant has its own records to compare with, in deletion tracking, merging and reading", async (t) => {
  const engine = await testEngine(t);
  const { scope, run, state } = await started(
    engine,
    file(`
    await nango.setMergingStrategy({ strategy: "ignore_if_modified_after" }, "Row");
    await nango.trackDeletesStart("Row");
    await save(...(isFirst ? [nango.variant, "both", "gone"] : [nango.variant, "both"]));
    const others = ["base", "eu"].filter((name) => name !== nango.variant);
    const found = await nango.getRecordsByIds([nango.variant, ...others], "Row");
    for await (const { id } of nango.listRecords("Row")) if (others.includes(id)) throw new Error("of another variant: " + id);
    if (found.size !== 1) throw new Error("found " + [...found.keys()]);
    await nango.trackDeletesEnd("Row");`),
  );
  await createVariant(engine.db.pool, { ...scope, sync: "rows", variant: "eu" });
  await run("rows::eu");
  const all = { both: "ADDED", gone: "ADDED" };
  assert.deepEqual(
    [await state(), await state("eu")],
    [
      { base: "ADDED", ...all },
      { eu: "ADDED", ...all },
    ],
  );
  await run("rows::eu");
  assert.deepEqual(
    [await state(), await state("eu")],
    [
      { base: "ADDED", ...all },
      { eu: "ADDED", both: "ADDED", gone: "DELETED" },
    ],
  );
  const rows = await engine.db.query(
    `select distinct s.variant, c.not_after from syncline.run_streams c join syncline.streams s on s.id = c.stream_id
      where c.not_after > 0`,
  );
  assert.deepEqual(rows, [{ variant: "eu", not_after: 3 }]);
  assert.deepEqual(await engine.db.query("select state, count(*)::int as count from syncline.runs group by 1"), [
    { state: "succeeded", count: 3 },
  ]);
});
