// A cursor skips nothing, for a minute; and the race that says so does find it when the lock is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { figures } from "../helpers/figures.ts";
import { seeded } from "../helpers/seed.ts";
import { raceCursor } from "./cursor-race.ts";

// Positions from a sequence, as a bigserial would hand them out, and no touch of the stream's row until the commit.
const WITHOUT_LOCK = `
create sequence public.positions;
create or replace function syncline.lock_stream(p_stream int, p_count int, p_lands boolean default false)
returns table (base bigint, changed_at timestamptz, lands boolean, keeps_history boolean)
language sql volatile
begin atomic
  select nextval('public.positions') * 1000, syncline.wall_clock(), false, false;
end;
create or replace function syncline.note_changes(
  p_run bigint, p_stream int, p_at timestamptz, p_added bigint, p_updated bigint, p_deleted bigint, p_unchanged bigint) returns void
language sql volatile
begin atomic
end;
-- A page of new records is inserted plainly because the lock makes that safe; without it that would end the race at once.
create or replace function syncline.insert_records(
  p_run bigint, p_stream int, p_base bigint, p_at timestamptz, p_ids text[], p_hashes bytea[], p_payloads bytea[]) returns text
language sql volatile
return syncline.upsert_records(p_run, p_stream, p_base, p_at, p_ids, p_hashes, p_payloads, false);
`;

test("a reader by cursor misses and doubles nothing in a minute, beside a transaction open for half of it", async (t) => {
  const report = await raceCursor(t, seeded(t), { ms: 60_000, killEveryMs: 500, foreignMs: 30_000 });
  figures(t, report);
  assert.partialDeepStrictEqual(report, { missed: 0, doubled: 0, disordered: 0 });
  const { commits, rollbacks, kills, seenBesideForeign } = report;
  assert.ok(commits > 1000 && rollbacks > 50 && kills > 20 && seenBesideForeign > 500, JSON.stringify(report));
});

test("the same race finds records missed when positions are handed out without the lock", async (t) => {
  const report = await raceCursor(t, seeded(t), {
    ms: 5_000,
    killEveryMs: 700,
    beforehand: WITHOUT_LOCK,
  });
  figures(t, report);
  assert.ok(report.missed > 0, JSON.stringify(report));
});
