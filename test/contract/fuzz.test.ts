// 2,000 requests, the same ones each time; the long test throws 20,000 others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNothingFound, fuzz } from "./fuzz.ts";

const SEED = 20_261_121;

test("2,000 requests, whole and spoilt, find no failure of ours, no leak and no answer that is not documented", async (t) => {
  const thrown = await fuzz(t, { requests: 2_000, seed: SEED });
  assertNothingFound(thrown, SEED);
  const reached = [...thrown.statuses.values()].filter((found) => [...found].some((status) => status < 300)).length;
  assert.ok(reached >= thrown.statuses.size * 0.5, `${reached} of ${thrown.statuses.size} operations succeeded at all`);
});
