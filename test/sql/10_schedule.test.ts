// 10_schedule.sql: what frequencies mean and when syncs are due.
import assert from "node:assert/strict";
import fc from "fast-check";
import { claimRun, dispatchDue, finishRun } from "../../src/db/runs.ts";
import { makeSync, sqlTests } from "../helpers/world.ts";

const SECONDS = "select extract(epoch from syncline.parse_frequency($1))::bigint";

const ACCEPTED: Record<string, number> = {
  "every hour": 3600,
  "every day": 86_400,
  "every week": 604_800,
  "every month": 2_592_000,
  "every half day": 43_200,
  "every half hour": 1800,
  "every quarter hour": 900,
  "every minute": 60,
  "every 15 seconds": 15,
  "every 30s": 30,
  "every 5 minutes": 300,
  "every 5m": 300,
  "5m": 300,
  "90 secs": 90,
  "every 45 sec": 45,
  "every 1 second": -1,
  "every 2 mins": 120,
  "every 2 min": 120,
  "every 3 hrs": 10_800,
  "1 hr": 3600,
  "every 12h": 43_200,
  "every 2 days": 172_800,
  "every d": 86_400,
  "every 3 weeks": 1_814_400,
  month: 2_592_000,
  hour: 3600,
  "every 999999 days": 86_399_913_600,
};

const REFUSED = [
  "",
  "every",
  "every ",
  "0 * * * *",
  "*/5 * * * *",
  "every 1.5h",
  "every -5 minutes",
  "every 5  minutes",
  "Every hour",
  "every HOUR",
  "every 2 months",
  "every year",
  "every every hour",
  "every 5 minutes ",
  "every 5 minutes\n",
  "every 1234567 days",
  "five minutes",
  "every half minute",
];

const R9_RUNS = Number(process.env.SYNCLINE_TEST_SCHEDULES ?? 500);

// What a grid of `every` seconds with this phase gives, in whole milliseconds: independent of the SQL.
const ticksBetween = (every: number, phase: number, from: number, to: number): number[] => {
  const first = Math.floor((from - phase) / every) + 1;
  return Array.from(
    { length: Math.max(0, Math.floor((to - phase) / every) - first + 1) },
    (_, i) => (first + i) * every + phase,
  );
};

sqlTests("10_schedule", {
  "every frequency of the grammar means its seconds": async ({ one, refuses }) => {
    for (const [text, seconds] of Object.entries(ACCEPTED)) {
      if (seconds < 0) await refuses("SL004", /is too often/, () => one(SECONDS, [text]));
      else assert.equal(await one(SECONDS, [text]), seconds, text);
    }
  },
  "anything else is refused by name, cron included": async ({ one, refuses }) => {
    for (const text of REFUSED) {
      await refuses("SL004", /^".*" is not a frequency$/s, () => one(SECONDS, [text]));
    }
    await refuses("SL004", /^"" is not a frequency$/, () => one(SECONDS, [null]));
  },
  "the shortest frequency is 15 seconds": async ({ one, refuses }) => {
    assert.equal(await one(SECONDS, ["15s"]), 15);
    for (const text of ["14 seconds", "every 10 seconds", "every second", "0 minutes", "every 0h"]) {
      await refuses("SL004", /^".*" is too often$/, () => one(SECONDS, [text]));
    }
  },
  "a frequency is formatted in its largest whole unit and parses back to itself": async ({ one }) => {
    const formatted: [string, string][] = [
      ["every half hour", "30m"],
      ["every hour", "1h"],
      ["every week", "1w"],
      ["every month", "30d"],
      ["every 90 seconds", "90s"],
      ["every 36 hours", "36h"],
      ["every 14 days", "2w"],
    ];
    for (const [text, short] of formatted) {
      assert.equal(await one("select syncline.format_frequency(syncline.parse_frequency($1))", [text]), short);
      assert.equal(await one(SECONDS, [short]), await one(SECONDS, [text]));
    }
  },
  "the next tick is strictly after, at most one period away, and on the same grid whenever one asks": async ({ q }) => {
    const uid = fc.uuid();
    const every = fc.oneof(fc.integer({ min: 15, max: 120 }), fc.integer({ min: 15, max: 3_000_000 }));
    const micros = fc.integer({ min: 0, max: 999_999 });
    const seconds = fc.integer({ min: 1_700_000_000, max: 2_100_000_000 });
    const check = async (u: string, e: number, s: number, m: number): Promise<void> => {
      const [row] = await q(
        `with f as (select $1::uuid as uid, $2 * interval '1 s' as every, to_timestamp($3) + $4 * interval '1 us' as at)
         select n.tick > f.at as later, n.tick - f.at <= f.every as near,
                syncline.next_tick(f.uid, f.every, n.tick) = n.tick + f.every as on_grid,
                syncline.next_tick(f.uid, f.every, n.tick - interval '1 us') = n.tick as reached
           from f cross join lateral (select syncline.next_tick(f.uid, f.every, f.at) as tick) n`,
        [u, e, s, m],
      );
      assert.deepEqual(row, { later: true, near: true, on_grid: true, reached: true });
    };
    await fc.assert(fc.asyncProperty(uid, every, seconds, micros, check), { numRuns: 300 });
  },
  "a thousand syncs of one frequency spread over it": async ({ q }) => {
    const rows = await q(
      `select width_bucket(extract(epoch from syncline.next_tick(gen_random_uuid(), '1 hour', '2026-01-01Z') - '2026-01-01Z'),
                0, 3600.001, 10) as tenth, count(*)
         from generate_series(1, 1000) group by 1 order by 1`,
    );
    assert.equal(rows.length, 10);
    for (const { count } of rows) assert.ok(count > 60 && count < 140, `${count} of 1,000 in a tenth of the hour`);
  },
  "a run of any length and an outage of any length never shift the grid and cost one catch-up": async (w) => {
    // Matching as in Jepsen's chronos: each run must be the first possible one after a tick, each tick is served or skipped.
    const { q, one, at, db } = w;
    const start = Date.parse("2026-03-28T22:00:00Z"); // the nights clocks change in Europe and then America
    const ids = await makeSync(w);
    const play = async (every: number, outageAfter: number, outage: number, runMs: number): Promise<void> => {
      const iso = (ms: number) => new Date(ms).toISOString();
      const [{ uid, next } = {}] = await q(
        `update syncline.syncs set uid = gen_random_uuid(), frequency = $2 * interval '1 s' where id = $1 returning uid,
           extract(epoch from syncline.next_tick(uid, $2 * interval '1 s', $3)) * 1000 as next`,
        [ids.sync, every, iso(start)],
      );
      const tickMs = every * 1000;
      const phase = Math.round(Number(next)) % tickMs;
      await q("update syncline.syncs set next_run_at = to_timestamp($2::numeric / 1000), uid = $3 where id = $1", [
        ids.sync,
        next,
        uid,
      ]);
      let now = start;
      let lastEnd = start;
      for (let round = 0; round < 4; round++) {
        const due = Math.round(
          Number(
            await one("select extract(epoch from next_run_at) * 1000 from syncline.syncs where id = $1", [ids.sync]),
          ),
        );
        assert.equal(
          due,
          ticksBetween(tickMs, phase, lastEnd, lastEnd + 2 * tickMs)[0],
          "the first tick after the last end",
        );
        await at(iso(due - 1));
        assert.equal(await dispatchDue(db, { limit: 10 }), 0, "nothing before its time");
        now = round === outageAfter ? due + outage : due;
        await at(iso(now));
        assert.equal(await dispatchDue(db, { limit: 10 }), 1, "missed");
        assert.equal(await dispatchDue(db, { limit: 10 }), 0, "extra");
        const lease = await claimRun(db, { worker: "w" });
        lastEnd = now + runMs;
        await at(iso(lastEnd));
        await finishRun(db, { run: lease!.id, token: lease!.token });
      }
    };
    const every = fc.oneof(
      fc.integer({ min: 15, max: 600 }),
      fc.constantFrom(900, 1800, 3600, 43_200, 86_400, 604_800),
    );
    const property = fc.asyncProperty(
      every,
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 * 86_400_000 }),
      fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_200_000 })),
      play,
    );
    await fc.assert(property, { numRuns: Math.ceil(R9_RUNS / 4) });
  },
  "a ring adds as many jobs as asked, at most 50, and none for none": async ({ one, q }) => {
    for (const [count, jobs] of [
      [0, 0],
      [1, 1],
      [50, 50],
      [5000, 50],
    ]) {
      await q("delete from graphile_worker._private_jobs");
      await q("select syncline.ring('run', $1)", [count]);
      assert.equal(await one("select count(*) from graphile_worker.jobs where task_identifier = 'run'"), jobs);
    }
  },
});
