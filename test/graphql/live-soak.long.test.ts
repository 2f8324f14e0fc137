// 200 subscribers for a minute and a half, over both protocols, of servers that are killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { soakSubscriptions } from "./soak.ts";

test("200 subscribers miss and double nothing while 8 writers write and servers are killed", async (t) => {
  const report = await soakSubscriptions(t, seeded(t), {
    ms: 90_000,
    servers: 2,
    subscribers: 200,
    writers: 8,
    killEveryMs: 6_000,
    longestMs: 20_000,
  });
  figures(t, report);
  assert.deepEqual([report.missed, report.doubled], [0, 0]);
  assert.ok(report.kills >= 4, `${report.kills} kills`);
  assert.ok(report.listensCut > 0 && report.cutOff > report.kills, JSON.stringify(report));
});
