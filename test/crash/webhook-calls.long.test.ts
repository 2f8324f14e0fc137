// 10,000 events and 20 kills.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { webhookRounds } from "./webhook-rounds.ts";

const timeout = 20 * 60_000;

test("20 kills while 10,000 events pour in lose none: each call is done once, in order, and so is each of its effects", {
  timeout,
}, async (t) => {
  const { again, runs } = await webhookRounds(t, seeded(t), { events: 10_000, kills: 20 });
  assert.ok(again > 0, "a kill met a run");
  figures(t, { runs, again });
});
