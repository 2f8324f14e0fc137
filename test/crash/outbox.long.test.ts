// As outbox.test.ts, twenty kills.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { outboxRounds } from "./outbox-rounds.ts";

const ROUNDS = 20;

test("twenty killed workers lose no webhook, and what is sent again is the same, in its place", {
  timeout: 20 * 60_000,
}, async (t) => {
  const { round, totals, counts } = await outboxRounds(t, seeded(t));
  while (totals.rounds < ROUNDS) await round();
  assert.ok(totals.left > ROUNDS, JSON.stringify(totals));
  figures(t, { ...totals, ...counts });
});
