// As landing.test.ts, twenty rounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { landingRounds } from "./landing-rounds.ts";

const ROUNDS = 20;

test("twenty times kill -9 of Postgres and of workers: in every snapshot the user's table is the records", {
  timeout: 20 * 60_000,
}, async (t) => {
  const { round, finish, totals } = await landingRounds(t, seeded(t), { rounds: ROUNDS });
  while (totals.rounds < ROUNDS) await round();
  const { looks, states, differences } = await finish();
  figures(t, totals);
  assert.equal(differences, 0, JSON.stringify(totals));
  assert.ok(looks > 500 && states > 100, JSON.stringify(totals));
});
