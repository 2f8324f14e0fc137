// Workers are killed and stopped; worker.long.test.ts kills for longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { workerRounds } from "./worker-rounds.ts";

const ROUNDS = 2;

test("killed workers lose no run, fetch no committed page again, and leave records equal to the provider's", async (t) => {
  const { round, totals } = await workerRounds(t, seeded(t), { rounds: ROUNDS });
  while (totals.rounds < ROUNDS) await round();
  assert.ok(totals.takenUp > 0, JSON.stringify(totals));
});
