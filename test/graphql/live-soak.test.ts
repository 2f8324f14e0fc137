// A short soak: few subscribers for a few seconds, a server killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { soakSubscriptions } from "./soak.ts";

test("subscribers of a server that is killed miss and double nothing", async (t) => {
  const report = await soakSubscriptions(t, seeded(t), {
    ms: 1_500, // one kill: to start a server again takes seconds of the processor
    servers: 1,
    subscribers: 9,
    writers: 2,
    killEveryMs: 900,
    longestMs: 2_000,
  });
  figures(t, report);
  assert.deepEqual([report.missed, report.doubled], [0, 0]);
  assert.ok(report.kills >= 1 && report.changes > 0, JSON.stringify(report));
});
