// The plans of the hot statements on fresh tables that were never analysed: index lookups from the first row on.
// Counted by Postgres itself, inside the transaction: scans of the whole table must stay at zero as the table grows.
import assert from "node:assert/strict";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { contents, makeFunction, makeRun, makeSync, manyRows, sqlTestsOnFresh, type World } from "../helpers/world.ts";

const SCANS = "select seq_scan, idx_scan from pg_stat_xact_user_tables where schemaname = 'syncline' and relname = $1";

/** How often `work` read the whole table, and how often an index of it. */
const scansOf = async (w: World, table: string, work: () => Promise<unknown>) => {
  const [before] = await w.q(SCANS, [table]);
  await work();
  const [after] = await w.q(SCANS, [table]);
  return { whole: after!.seq_scan - before!.seq_scan, index: after!.idx_scan - before!.idx_scan };
};

const fill = async (
  w: World,
  at: { run: number; token: number; stream: number },
  from: number,
  to: number,
): Promise<void> => {
  for (let row = from; row < to; row += 5000) {
    const rows = contents(manyRows(Math.min(5000, to - row), "x", row + 1));
    await records.saveRecords(w.db, { ...at, ...rows, checkpoint: null });
  }
};

sqlTestsOnFresh("plans", {
  "records are compared, saved, read and found by index at 100 rows and at 50,000": async (w) => {
    const { ids, fence, stream } = await makeRun(w);
    const at = { ...fence, stream };
    const hundred = contents(manyRows(100));
    const where = {
      connection: ids.connection,
      model: "Contact",
      variant: "base",
      afterStream: stream,
      actions: null,
      limit: 100,
    };
    const calls: Record<string, () => Promise<unknown>> = {
      diff_records: () => records.diffRecords(w.db, { ...at, ...hundred }),
      save_records: () => records.saveRecords(w.db, { ...at, ...hundred, checkpoint: null }),
      read_records: () => records.readRecords(w.db, { ...where, afterPos: 50, modifiedAfter: null, ids: null }),
      "read_records since": () =>
        records.readRecords(w.db, { ...where, afterPos: 0, modifiedAfter: "2026-01-01T00:00:00Z", ids: null }),
      "read_records by ids": () =>
        records.readRecords(w.db, { ...where, afterPos: 0, modifiedAfter: null, ids: hundred.ids }),
      get_records: () => records.getRecords(w.db, { stream, ids: hundred.ids }),
      replace_records: () =>
        records.replaceRecords(w.db, {
          ...at,
          ...hundred,
          positions: hundred.ids.map((_, index) => index + 1_000_000),
        }),
      remove_records: () => records.removeRecords(w.db, { ...at, ids: ["nobody"], deletedAt: [null] }),
      prune_records: () =>
        records.pruneRecords(w.db, {
          connection: ids.connection,
          model: "Contact",
          variant: "base",
          untilStream: stream,
          untilPos: 0,
          limit: 10,
        }),
    };
    let filled = 0;
    for (const rows of [100, 50_000]) {
      await fill(w, at, filled, rows);
      filled = rows;
      for (const [name, work] of Object.entries(calls)) {
        // Seven times: from the sixth on a prepared statement may go over to a generic plan.
        for (let round = 1; round <= 7; round++) {
          const { whole } = await scansOf(w, "records", work);
          assert.equal(whole, 0, `${name} read the whole table of ${rows} rows in round ${round}`);
        }
      }
      const { index } = await scansOf(w, "records", calls.diff_records!);
      assert.equal(index, 100, "one lookup per record");
    }
  },
  "runs are claimed, and due syncs found, by index among thousands": async (w) => {
    const ids = await makeSync(w);
    const make = (from: number, to: number) =>
      w.q(
        `insert into syncline.syncs (environment_id, connection_id, function_id, name, state, frequency, next_run_at)
         select $1, $2, $3, 's' || n, 'started', '1 hour', syncline.now() + n * interval '1 s' - interval '100 s'
           from generate_series($4::int, $5) n`,
        [ids.environment, ids.connection, ids.function, from, to],
      );
    await w.q(`insert into syncline.runs (environment_id, connection_id, sync_id, origin, state, finished_at)
      select ${ids.environment}, ${ids.connection}, ${ids.sync}, 'api', 'succeeded', syncline.now() from generate_series(1, 5000)`);
    await makeFunction(w, ids, { kind: "action", name: "act" });
    await makeFunction(w, ids, { kind: "on-event", name: "greet", event: "post-connection-creation" });
    const act = { worker: "w", connection: ids.connection, kind: "action", name: "act" };
    // From 2,000 syncs on: a table of two pages is rightly read whole.
    for (const [from, to] of [
      [1, 2000],
      [2001, 20_000],
    ] as const) {
      await make(from, to);
      for (let round = 1; round <= 7; round++) {
        const due = await scansOf(w, "syncs", () => runs.dispatchDue(w.db, { limit: 5 }));
        assert.equal(due.whole, 0, `dispatch_due read all of ${to} syncs in round ${round}`);
        const claimed = await scansOf(w, "runs", () => runs.claimRun(w.db, { worker: "w" }));
        assert.equal(claimed.whole, 0, `claim_run read all runs in round ${round}`);
        const started = await scansOf(w, "syncs", () => runs.startRun(w.db, act));
        assert.equal(started.whole, 0, `start_run read all of ${to} syncs in round ${round}`);
        await w.q("select syncline.create_event_runs($1, 'post-connection-creation')", [ids.connection]);
        const event = await scansOf(w, "syncs", () => runs.claimRun(w.db, { worker: "w" }));
        assert.equal(event.whole, 0, `claim_run read all of ${to} syncs in round ${round}`);
      }
    }
  },
});
