// What project.test.ts shows in one process, each file in a process of its own.
import { test } from "node:test";
import { noFixtures } from "./fixtures.ts";
import { generatedTestsPass } from "./generated.ts";

test("the generated tests pass under vitest with its own settings", { skip: noFixtures }, (t) =>
  generatedTestsPass(t, { isolate: true }),
);
