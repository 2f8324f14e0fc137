// A minute of polling and webhooks on the same records, with faults, duplicates, late webhooks and dying workers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { realtimeRace } from "./realtime.ts";

test("polling and webhooks race for a minute: both strategies end with the provider's rows; override shows stale polls over fresher webhooks, ignore_if_modified_after never", async (t) => {
  const { race } = await realtimeRace(t, seeded(t));
  const { truth, outcomes, kills, edits, stats } = await race(60_000);
  const { override, ignore_if_modified_after: careful } = outcomes;
  for (const { records, ...outcome } of [override, careful]) {
    assert.deepEqual(records, truth);
    assert.ok(outcome.polls > 5 && outcome.webhooks > 200, JSON.stringify(outcome));
    assert.equal(outcome.wronglyDeleted, 0);
  }
  assert.ok(override.clobbered > 0, "the race never happened");
  assert.equal(careful.clobbered, 0);
  const { duplicated, reordered } = stats.webhooks;
  assert.ok(kills > 2 && duplicated > 10 && reordered > 10 && Object.keys(stats.faults).length >= 3, "too few faults");
  const shown = ({ records: _, ...outcome }: typeof override) => outcome;
  figures(t, {
    edits,
    kills,
    faults: stats.faults,
    webhooks: stats.webhooks,
    override: shown(override),
    careful: shown(careful),
  });
});
