// As package.test.ts, with nothing there before.
import { test } from "node:test";
import { packedWorks } from "./package.ts";

test("packed and installed in an empty folder, it makes a project whose example compiles and passes", (t) =>
  packedWorks(t, { offered: false }));
