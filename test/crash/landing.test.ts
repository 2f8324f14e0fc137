// Postgres and workers are killed while records are delivered into a table; landing.long.test.ts does it twenty times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { landingRounds } from "./landing-rounds.ts";

const ROUNDS = 1;

test("kill -9 of Postgres and of workers: in every snapshot the user's table is the records", async (t) => {
  const { round, finish, totals } = await landingRounds(t, seeded(t), { rounds: ROUNDS });
  while (totals.rounds < ROUNDS) await round();
  const { looks, states, differences } = await finish();
  assert.equal(differences, 0, JSON.stringify(totals));
  assert.ok(looks > 10 && states > 2, JSON.stringify(totals));
});
