// 2,000 requests, the same ones each time; the long test throws 20,000 others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNothingFound, fuzz } from "./fuzz.ts";
import { NEVER_SUCCEED } from "./never-succeed.ts";

const SEED = 20_261_121;

test("2,000 requests, whole and spoilt, find no failure of ours, no leak and no answer that is not documented", async (t) => {
  const thrown = await fuzz(t, { requests: 2_000, seed: SEED });
  assertNothingFound(thrown, SEED);
  const able = [...thrown.statuses].filter(([name]) => name !== "nowhere" && !(name in NEVER_SUCCEED));
  const idle = able.filter(([, found]) => [...found].every((status) => status >= 300)).map(([name]) => name);
  assert.ok(idle.length <= able.length * 0.4, `${idle.length} of ${able.length} operations never succeeded: ${idle}`);
});
