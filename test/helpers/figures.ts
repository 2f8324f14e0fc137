// What a test measured, for whoever asks by SYNCLINE_TEST_FIGURES=1; otherwise a passing test prints nothing.
import type { TestContext } from "node:test";

/** Print the figures of a test in one line of JSON. */
export const figures = (t: TestContext, found: object): void => {
  if (process.env.SYNCLINE_TEST_FIGURES === "1") t.diagnostic(`${t.name}: ${JSON.stringify(found)}`);
};
