// 45_refresh.sql: windows that are one run's alone, as deleteRecordsFromPreviousExecutions needs them.
import assert from "node:assert/strict";
import { saveCheckpoint } from "../../src/db/checkpoints.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { saveAll, sqlTests } from "../helpers/world.ts";
import { afterFirstRun, endAll, live, nextRun, ROWS, refreshes, takeOver } from "./refresh.ts";

const states = async (...args: Parameters<typeof refreshes>) => (await refreshes(...args)).map(({ state }) => state);

sqlTests("45_refresh, one run's own", {
  "deletes what the run did not save, changed or not": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    assert.ok(await records.openOwnRefresh(w.db, at));
    await saveAll(w.db, at, { a: "1", b: "2", e: "1" });
    assert.deepEqual((await endAll(w, at)).deleted, ["c", "d"]);
    assert.deepEqual(await live(w, at.stream), ["a", "b", "e"]);
  },
  "what an earlier run saw in a window that stayed open does not count": async (w) => {
    const { ids, at } = await afterFirstRun(w, ROWS);
    await saveCheckpoint(w.db, { ...at, value: { page: 1 } });
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1", b: "1" });
    await runs.finishRun(w.db, at);
    const second = await nextRun(w, ids, at);
    await records.openOwnRefresh(w.db, second);
    await saveAll(w.db, second, { b: "1", c: "1" });
    assert.deepEqual((await endAll(w, second)).deleted, ["a", "d"]);
    assert.deepEqual(await states(w), ["superseded", "finished"]);
  },
  "a run that goes on midway gets none, and the window it may go on with stays": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    await saveCheckpoint(w.db, { ...at, value: { page: 2 } });
    const second = await takeOver(w, at);
    assert.equal(await records.openOwnRefresh(w.db, second), null);
    assert.deepEqual(await states(w), ["open"]);
  },
  "one that is not needed is dropped, and nothing is deleted": async (w) => {
    const { at } = await afterFirstRun(w, ROWS);
    await records.openOwnRefresh(w.db, at);
    await saveAll(w.db, at, { a: "1" });
    assert.deepEqual([await records.dropRefresh(w.db, at), await records.dropRefresh(w.db, at)], [true, false]);
    assert.deepEqual([await live(w, at.stream), await states(w)], [["a", "b", "c", "d"], ["discarded"]]);
    await w.refuses("SL005", /without trackDeletesStart/, () => records.endRefresh(w.db, at));
    await w.refuses("SL001", /lease lost/, () => records.dropRefresh(w.db, { ...at, token: at.token + 1 }));
  },
});
