// 45_refresh.sql: refreshes that were cut off, and how they go on.
import assert from "node:assert/strict";
import { clearCheckpoint, saveCheckpoint } from "../../src/db/checkpoints.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, manyRows, saveAll, sqlTests } from "../helpers/world.ts";
import { afterFirstRun, endAll, live, nextRun, ROWS, refreshes, takeOver } from "./refresh.ts";

sqlTests("45_refresh, resumed", {
  "an interrupted refresh that goes on from its checkpoint deletes exactly what is gone": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1", b: "2" });
    await saveCheckpoint(w.db, { ...at, value: { page: 2 } });
    await runs.interruptRun(w.db, at);
    const second = { ...(await claim(w.db)), stream: at.stream };
    await records.openRefresh(w.db, second);
    await saveAll(w.db, second, { c: "1" });
    assert.deepEqual((await endAll(w, second)).deleted, ["d"]);
    assert.deepEqual(await live(w, at.stream), ["a", "b", "c"]);
    assert.equal((await refreshes(w)).length, 1);
  },
  "so does one whose worker died, and one that failed": async (w) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    await saveCheckpoint(w.db, { ...at, value: { page: 2 } });
    const second = await takeOver(w, at);
    await records.openRefresh(w.db, second);
    await saveAll(w.db, second, { b: "1" });
    await runs.failRun(w.db, { ...second, error: { message: "x" } });
    const third = await nextRun(w, ids, at);
    await records.openRefresh(w.db, third);
    await saveAll(w.db, third, { c: "1" });
    assert.deepEqual((await endAll(w, third)).deleted, ["d"]);
  },
  "without a checkpoint the next attempt starts over, and so does the window": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1", b: "1" });
    const second = await takeOver(w, at);
    await records.openRefresh(w.db, second);
    await saveAll(w.db, second, { b: "1", c: "1" }); // a was deleted at the provider between the attempts
    assert.deepEqual((await endAll(w, second)).deleted, ["a", "d"]);
    assert.deepEqual(
      (await refreshes(w)).map(({ state }) => state),
      ["superseded", "finished"],
    );
  },
  "a crash while deleting is made good by the next attempt": async (w) => {
    const rows = manyRows(6000);
    const { at } = await afterFirstRun(w, { ...rows, keep: "1", late: "1" });
    await w.q("update syncline.syncs set delete_limit_share = null");
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { keep: "1", late: "1" });
    await saveCheckpoint(w.db, { ...at, value: { page: "last" } });
    const end = await records.endRefresh(w.db, at);
    const chunk = await records.deleteMissing(w.db, { ...at, refresh: end.refresh_id });
    assert.equal(chunk?.length, 5000);
    const second = await takeOver(w, at);
    await w.refuses("SL001", /^lease lost$/, () => records.deleteMissing(w.db, { ...at, refresh: end.refresh_id }));
    await records.openRefresh(w.db, second);
    assert.equal((await endAll(w, second)).deleted.length, 1000);
    assert.deepEqual(await live(w, at.stream), ["keep", "late"]);
  },
  "an attempt that resumes after the window was finished deletes nothing": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1", b: "1", c: "1" });
    await saveCheckpoint(w.db, { ...at, value: { page: "last" } });
    assert.deepEqual((await endAll(w, at)).deleted, ["d"]);
    const second = await takeOver(w, at); // the worker died before the function cleared its checkpoint
    await records.openRefresh(w.db, second);
    await saveAll(w.db, second, { c: "1" });
    assert.deepEqual((await endAll(w, second)).deleted, []);
    assert.deepEqual(await live(w, at.stream), ["a", "b", "c"]);
  },
  "an incremental run that failed half-way leaves no full refresh to the next one": async (w) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    await saveCheckpoint(w.db, { ...at, value: { since: "monday" } });
    await runs.finishRun(w.db, at);
    const incremental = await nextRun(w, ids, at); // it sees only what changed since monday, and fails
    await saveCheckpoint(w.db, { ...incremental, value: { since: "tuesday" } });
    await runs.failRun(w.db, { ...incremental, error: { message: "x" } });
    const next = await nextRun(w, ids, at);
    await records.openRefresh(w.db, next);
    await saveAll(w.db, next, { a: "2" });
    assert.deepEqual((await endAll(w, next)).deleted, []);
    assert.deepEqual(await live(w, at.stream), ["a", "b", "c", "d"]);
  },
  "a second model refreshed in the same attempt is a full refresh, though a checkpoint was saved for the first": async (
    w,
  ) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    await saveCheckpoint(w.db, { ...at, value: { model: "first", page: 9 } });
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    assert.deepEqual((await endAll(w, at)).deleted, ["b", "c", "d"]);
    await saveCheckpoint(w.db, { ...at, value: { since: "left by a finished run" } });
    await runs.finishRun(w.db, at);
    const next = await nextRun(w, ids, at);
    await records.openRefresh(w.db, next);
    assert.deepEqual((await endAll(w, next)).deleted, ["a"], "the function's own decision");
  },
  "a cleared checkpoint between the pages and the end changes nothing": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    await saveCheckpoint(w.db, { ...at, value: { page: 2 } });
    await saveAll(w.db, at, { b: "1", c: "1" });
    await clearCheckpoint(w.db, at);
    assert.deepEqual((await endAll(w, at)).deleted, ["d"]);
  },
});
