// 20,000 requests, others each time.
import { test } from "node:test";
import { assertNothingFound, fuzz } from "./fuzz.ts";

test("20,000 requests find no failure of ours, no leak and no answer that is not documented", async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  assertNothingFound(await fuzz(t, { requests: 20_000, seed }), seed);
});
