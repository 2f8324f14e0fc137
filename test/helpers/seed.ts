// Randomness that can be had again: a failed test says its seed, and SYNCLINE_TEST_SEED takes it.
import type { TestContext } from "node:test";
import { createRandom, type Random } from "../../src/bundled-provider/random.ts";

const MOST = 2 ** 31;

/** Random draws of one test. `fork` gives a stream of its own, for another process. */
export type Seeded = Random & { seed: number };

/** The seed is new in each run unless the variable gives it; when the test fails it is printed. */
export const seeded = (t: TestContext): Seeded => {
  const seed = Number(process.env.SYNCLINE_TEST_SEED ?? Math.floor(Math.random() * MOST));
  t.after(() => {
    // The types of Node 24 do not have `passed` yet.
    if (!(t as unknown as { passed: boolean }).passed) t.diagnostic(`SYNCLINE_TEST_SEED=${seed} draws the same again`);
  });
  return Object.assign(createRandom(seed), { seed });
};
