// The master key is changed twice under two servers, with ten killed rotations; test/crypto/rotate-keys.test.ts has the parts.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { rotationRounds } from "./key-rotation-rounds.ts";

const KILLS = 10;

test("from one master key to a second and a third with ten killed rotations: nothing is unreadable, nothing lies open", {
  timeout: 20 * 60_000,
}, async (t) => {
  const { change, finish } = await rotationRounds(t, seeded(t), { servers: 2, fillers: 6_000 });
  for (let half = 0; half < 2; half++) await change(randomBytes(32), KILLS / 2);
  const totals = await finish();
  figures(t, totals);
  assert.ok(totals.rotationsKilled > KILLS / 2, JSON.stringify(totals));
});
