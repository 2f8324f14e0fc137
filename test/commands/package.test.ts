// What npm publishes is whole, and works without this repository around it; from an empty folder: package.long.test.ts.
import { test } from "node:test";
import { packedWorks } from "./package.ts";

test("packed and installed with the dependencies it declares, it makes a project whose example compiles and passes", (t) =>
  packedWorks(t, { offered: true }));
