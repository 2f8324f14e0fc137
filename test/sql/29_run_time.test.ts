// Numbers of runs from times: what lies before a time is found by number, whatever gaps there are.
import assert from "node:assert/strict";
import { makeSync, sqlTests } from "../helpers/world.ts";

sqlTests("run time", {
  "no run made before a time has a number above the bound, and none made later one at or below it": async (w) => {
    const ids = await makeSync(w);
    const [none] = await w.q("select syncline.run_number('2026-01-01') as n");
    assert.equal(Number(none!.n), 0);
    await w.q(
      `insert into syncline.runs (environment_id, connection_id, sync_id, origin, state, created_at, finished_at)
       select $1, $2, $3, 'api', 'succeeded', timestamptz '2026-01-01' + n / 3 * interval '1 min', syncline.now() from generate_series(0, 5999) n`,
      [ids.environment, ids.connection, ids.sync],
    );
    await w.q("delete from syncline.runs where id % 7 = 3 or id between 2000 and 2600");
    for (const at of ["2025-12-31", "2026-01-01 00:00:30", "2026-01-01 12:00", "2026-01-02 08:00", "2026-01-03"]) {
      const [wrong] = await w.q(
        `select count(*) filter (where r.id <= b.n and r.created_at >= $1::timestamptz) as late,
                count(*) filter (where r.id >= b.n + 100 and r.created_at < $1::timestamptz) as early
           from syncline.runs r, (select syncline.run_number($1::timestamptz) as n) b`,
        [at],
      );
      assert.deepEqual([Number(wrong!.late), Number(wrong!.early)], [0, 0], at);
    }
  },
});
