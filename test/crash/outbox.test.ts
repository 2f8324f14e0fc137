// The worker that sends webhooks is killed; outbox.long.test.ts kills for longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../helpers/seed.ts";
import { outboxRounds } from "./outbox-rounds.ts";

const ROUNDS = 1;

test("a killed worker loses no webhook, and what is sent again is the same, in its place", async (t) => {
  const { round, totals, counts } = await outboxRounds(t, seeded(t));
  while (totals.rounds < ROUNDS || totals.left === 0) await round();
  assert.ok(counts.refused > 0, JSON.stringify(counts));
});
