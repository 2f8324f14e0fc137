// The same race as in realtime.long.test.ts, for some seconds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { realtimeRace } from "./realtime.ts";

test("polling and webhooks race: both strategies end with the provider's rows, and with ignore_if_modified_after no stale poll overwrites a fresher webhook", async (t) => {
  const { race } = await realtimeRace(t, seeded(t));
  const { truth, outcomes, kills, edits } = await race(4_000);
  for (const { records, wronglyDeleted, webhooks } of Object.values(outcomes)) {
    assert.deepEqual(records, truth);
    assert.ok(webhooks > 20 && wronglyDeleted === 0, JSON.stringify({ webhooks, wronglyDeleted }));
  }
  assert.equal(outcomes.ignore_if_modified_after.clobbered, 0);
  assert.ok(kills > 0);
  figures(t, { edits, kills, clobbered: outcomes.override.clobbered });
});
