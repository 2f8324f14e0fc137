// As worker.test.ts, a hundred rounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { workerRounds } from "./worker-rounds.ts";

const ROUNDS = 100;

test("a hundred killed workers lose no run and nothing of what they had committed", {
  timeout: 20 * 60_000,
}, async (t) => {
  const { round, totals } = await workerRounds(t, seeded(t), { rounds: ROUNDS, lease: "2 s" });
  while (totals.rounds < ROUNDS) await round();
  assert.ok(totals.takenUp > ROUNDS / 2, JSON.stringify(totals));
  const sorted = totals.restartMs.sort((a, b) => a - b);
  figures(t, { ...totals, restartMs: undefined, restartP50: sorted[sorted.length >> 1], restartMax: sorted.at(-1) });
});
