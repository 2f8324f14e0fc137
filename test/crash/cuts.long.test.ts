// As cuts.test.ts, for a minute.
import { test } from "node:test";
import { cutsLoseNothing } from "./cuts.ts";

test("a worker whose connections are all cut five times a second for a minute loses nothing and is stuck nowhere", (t) =>
  cutsLoseNothing(t, { forMs: 60_000 }));
