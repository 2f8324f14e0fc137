// The records are the provider's, and the change feed tells them, whatever happened meanwhile; oracle.long.test.ts for longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { oracleRounds } from "./oracle-rounds.ts";

const ROUNDS = 30;

test("after each of thirty rounds of edits, faults and kills the records and the change feed equal the provider", async (t) => {
  const { round, report } = await oracleRounds(t, seeded(t));
  for (let n = 0; n < ROUNDS; n += 1) await round();
  const { edits, faults, interrupted, failed } = await report();
  assert.ok(edits > 0 && faults > 0 && interrupted > 0 && failed > 0, JSON.stringify(await report()));
});
