// Postgres is killed in the middle of commits; postgres.long.test.ts does it ten times, with twice the writers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { postgresRounds } from "./postgres-rounds.ts";

const ROUNDS = 1;
const WRITERS = 4;
const MOST_TO_GO_ON_MS = 15_000;

test("kill -9 of all of Postgres loses nothing acknowledged, and the worker goes on by itself", async (t) => {
  const { round, finish, totals } = await postgresRounds(t, seeded(t), { writers: WRITERS });
  while (totals.rounds < ROUNDS) await round();
  const { acknowledged, unknown, goesOnMs } = await finish();
  assert.ok(acknowledged > 0 && unknown > 0, JSON.stringify(totals));
  assert.ok(Math.max(...goesOnMs) < MOST_TO_GO_ON_MS, JSON.stringify(totals));
});
