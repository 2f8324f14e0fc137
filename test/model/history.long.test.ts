// As history.test.ts, 300 rounds: with all of the past, and with a retention that forgets while it is asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { playHistory } from "./history-rounds.ts";

for (const retention of [null, 2]) {
  const name = retention === null ? "with all of the past" : "that forgets what is two days old";
  test(`after each of 300 rounds the history, ${name}, is as the provider was`, async (t) => {
    const random = seeded(t);
    const done = await playHistory(t, random, { rounds: 300, retention });
    figures(t, { seed: random.seed, ...done });
    assert.equal(done.forgotten, retention !== null);
  });
}
