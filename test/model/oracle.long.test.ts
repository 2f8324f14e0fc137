// As oracle.test.ts, 500 rounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { oracleRounds } from "./oracle-rounds.ts";

const ROUNDS = 500;

test("after each of 500 rounds of edits, faults and kills the records and the change feed equal the provider", {
  timeout: 20 * 60_000,
}, async (t) => {
  const { round, report } = await oracleRounds(t, seeded(t));
  for (let n = 0; n < ROUNDS; n += 1) await round();
  const found = await report();
  figures(t, found);
  const { edits, faults, interrupted, failed, kills, stops, cuts } = found;
  assert.ok(Math.min(edits, faults, interrupted, failed, kills, stops, cuts) > 0, JSON.stringify(found));
});
