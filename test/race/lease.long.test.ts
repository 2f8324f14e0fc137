// As in lease.test.ts, with more runs.
import { test } from "node:test";
import { claimEachOnce } from "./claims.ts";

test("24 workers claim 2,000 runs, each once, and no sync has two", (t) => claimEachOnce(t, 2_000));
