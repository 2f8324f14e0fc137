// A cursor skips nothing, short form; cursor.long.test.ts has the long one, and shows that the race finds a missing lock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { raceCursor } from "./cursor-race.ts";

test("a reader by cursor misses and doubles nothing while eight writers dawdle, roll back and are killed", async (t) => {
  const report = await raceCursor(t, seeded(t), { ms: 2_500, killEveryMs: 700, leastCommits: 100, leastKills: 2 });
  assert.partialDeepStrictEqual(report, { missed: 0, doubled: 0, disordered: 0 });
  const { commits, rollbacks, kills, seen } = report;
  assert.ok(commits >= 100 && rollbacks > 5 && kills >= 2 && seen > 500, JSON.stringify(report));
});
