// As postgres.test.ts, ten rounds and eight writers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { postgresRounds } from "./postgres-rounds.ts";

const ROUNDS = 10;
const WRITERS = 8;
const MOST_TO_GO_ON_MS = 15_000;

test("ten times kill -9 of all of Postgres lose nothing acknowledged, and the worker goes on by itself", async (t) => {
  const { round, finish, totals } = await postgresRounds(t, seeded(t), { writers: WRITERS });
  while (totals.rounds < ROUNDS) await round();
  const { acknowledged, unknown, goesOnMs } = await finish();
  figures(t, totals);
  assert.ok(acknowledged > 0 && unknown > 0, JSON.stringify(totals));
  assert.ok(Math.max(...goesOnMs) < MOST_TO_GO_ON_MS, JSON.stringify(totals));
});
