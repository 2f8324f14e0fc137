// Rounds of random changes to one stream that keeps history, beside a plain copy of what the provider had at each instant.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { diffRecordsBetween, recordsAsOf } from "../../src/db/history.ts";
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import * as undoing from "../../src/db/undo.ts";
import { testDatabase } from "../helpers/database.ts";
import type { Seeded } from "../helpers/seed.ts";
import { contents, type Fence, makeSync, START, saveAll, startRun, type World, worldOn } from "../helpers/world.ts";

type Rows = Map<string, string>;
/** What a run made of a record; null is not there. */
type Change = { run: number; text: string | null };

const IDS = 60;
const SECONDS = 1000;

/** Make the stream; the returned functions do one round and say what happened in all. `retention` in days, null: for ever. */
const historyRounds = async (w: World, random: Seeded, { retention }: { retention: number | null }) => {
  const ids = await makeSync(w);
  await w.q("update syncline.functions set history_models = models where id = $1", [ids.function]);
  await w.q("update syncline.syncs set delete_limit_share = null where id = $1", [ids.sync]);
  await w.q("update syncline.settings set history_retention = $1, payload_prune_after = null", [
    retention === null ? null : `${retention} days`,
  ]);
  let now = Date.parse(START);
  let fence: Fence = await startRun(w.db, ids);
  const stream = await records.openStream(w.db, { ...fence, model: "Contact" });
  const at = () => ({ ...fence, stream });

  const truth: Rows = new Map();
  const changes = new Map<string, Change[]>();
  const snapshots = new Map<number, Rows>();
  const ended: { id: number; startedAt: number }[] = [];
  let startedAt = now;
  const done: Record<string, number> = {};

  const put = (id: string, text: string | null, run: number = fence.run): void => {
    if ((truth.get(id) ?? null) === text) return;
    if (text === null) truth.delete(id);
    else truth.set(id, text);
    changes.set(id, [...(changes.get(id) ?? []), { run, text }]);
  };
  const idOf = (): string => `r${String(random.below(IDS)).padStart(2, "0")}`;
  const some = (most: number, among?: string[]): string[] => [
    ...new Set(Array.from({ length: 1 + random.below(most) }, () => (among ? random.pick(among) : idOf()))),
  ];
  const textOf = (): string => `text ${random.below(5)}`;
  const live = (): string[] => [...truth.keys()];

  const save = async (): Promise<void> => {
    const rows = Object.fromEntries(some(12).map((id) => [id, textOf()]));
    await saveAll(w.db, at(), rows);
    for (const [id, text] of Object.entries(rows)) put(id, text);
  };
  const merge = async (): Promise<void> => {
    if (truth.size === 0) return;
    const found = await records.getRecords(w.db, { stream, ids: some(6, live()) });
    const rows = Object.fromEntries(found.map(({ external_id, payload }) => [external_id, `${payload} merged`]));
    const letters = await records.replaceRecords(w.db, {
      ...at(),
      ...contents(rows),
      positions: found.map(({ pos }) => pos),
    });
    assert.equal(letters, "U".repeat(found.length));
    for (const [id, text] of Object.entries(rows)) put(id, text);
  };
  const remove = async (): Promise<void> => {
    const gone = some(5);
    await records.removeRecords(w.db, { ...at(), ids: gone, deletedAt: gone.map(() => null) });
    for (const id of gone) put(id, null);
  };
  const refresh = async (): Promise<void> => {
    const refreshed = await records.openRefresh(w.db, at());
    const kept = live().filter(() => random.chance(0.9));
    const rows: Record<string, string> = Object.fromEntries([
      ...kept.map((id): [string, string] => [id, random.chance(0.8) ? truth.get(id)! : textOf()]),
      ...some(3).map((id): [string, string] => [id, textOf()]),
    ]);
    await saveAll(w.db, at(), rows);
    for (const [id, text] of Object.entries(rows)) put(id, text);
    await forward();
    await records.endRefresh(w.db, at());
    while ((await records.deleteMissing(w.db, { ...fence, refresh: refreshed })) !== null);
    for (const id of live().filter((one) => !(one in rows))) put(id, null);
  };

  const begin = async (): Promise<void> => {
    startedAt = now;
    fence = await startRun(w.db, ids);
    await records.openStream(w.db, { ...fence, model: "Contact" });
  };
  const end = async (how: "finish" | "fail" | "interrupt"): Promise<void> => {
    ended.push({ id: fence.run, startedAt });
    if (how === "finish") await runs.finishRun(w.db, fence);
    else if (how === "fail") await runs.failRun(w.db, { ...fence, error: { message: "x" } });
    else {
      const next = await runs.interruptRun(w.db, fence);
      if (next !== null) await runs.cancelRun(w.db, { run: next });
    }
  };
  /** What each record was before the run, if its latest change is the run's. */
  const undo = async (): Promise<void> => {
    await end("finish");
    const since = (await w.one("select history_since from syncline.streams where id = $1", [stream])) as string;
    const known = ended.filter((run) => new Date(run.startedAt) >= new Date(since));
    if (known.length > 0) {
      const run = known[Math.max(0, known.length - 1 - random.below(4))]!.id;
      await forward();
      const undoneAt = now;
      const [counts] = await undoing.undoRun(w.db, { run });
      const before = live().length;
      let touched = 0;
      for (const [id, all] of changes) {
        if (all.at(-1)!.run !== run) continue;
        const text = all.findLast((one) => one.run !== run)?.text ?? null;
        if ((truth.get(id) ?? null) === text) continue;
        touched += 1;
        put(id, text, counts!.undo_run!);
      }
      const { removed = 0, restored = 0, reverted = 0, unrecoverable = 0 } = counts ?? {};
      assert.deepEqual(
        [removed + restored + reverted, restored - removed, unrecoverable],
        [touched, live().length - before, 0],
      );
      if (counts) ended.push({ id: counts.undo_run!, startedAt: undoneAt });
    }
    await begin();
  };
  const endAndBegin = async (): Promise<void> => {
    await end(random.pick(["finish", "fail", "interrupt"] as const));
    await begin();
  };

  const forward = async (): Promise<void> => {
    if (random.chance(0.15)) return; // several changes within one instant are one change
    snapshots.set(now, new Map(truth));
    now += (1 + random.below(4000)) * SECONDS;
    await w.at(new Date(now).toISOString());
  };

  const stateAt = (instant: number): Rows => {
    const last = [...snapshots.keys()].filter((time) => time <= instant).at(-1);
    return last === undefined ? new Map() : snapshots.get(last)!;
  };
  const since = async (): Promise<number> =>
    Date.parse(await w.one("select history_since from syncline.streams where id = $1", [stream]));
  const iso = (instant: number): string => new Date(instant).toISOString();

  const checkInstant = async (instant: number): Promise<void> => {
    const found = await recordsAsOf(w.db, { stream, at: iso(instant) });
    const rows = found.map(({ external_id, payload }) => [external_id, String(payload)]);
    assert.deepEqual(
      rows,
      [...stateAt(instant)].sort(([a], [b]) => (a < b ? -1 : 1)),
      iso(instant),
    );
  };
  const checkDifference = async (from: number, to: number): Promise<void> => {
    const [old, young] = [stateAt(from), stateAt(to)];
    const expected = [...new Set([...old.keys(), ...young.keys()])]
      .filter((id) => old.get(id) !== young.get(id))
      .sort()
      .map((id) => [id, old.get(id) ?? null, young.get(id) ?? null]);
    const found = await diffRecordsBetween(w.db, { stream, from: iso(from), to: iso(to) });
    const text = (payload: Buffer | null) => payload && String(payload);
    assert.deepEqual(
      found.map((row) => [row.external_id, text(row.old_payload), text(row.new_payload)]),
      expected,
      `${iso(from)} to ${iso(to)}`,
    );
    for (const row of found) {
      const change = row.old_hash === null ? "added" : row.new_hash === null ? "deleted" : "updated";
      assert.equal(row.change, change);
    }
  };
  /** Instants of changes, between them, and a moment before them; none of them forgotten. */
  const pastInstants = async (count: number): Promise<number[]> => {
    const begun = await since();
    const times = [...snapshots.keys()].filter((time) => time >= begun);
    if (times.length === 0) return [];
    return Array.from({ length: count }, () =>
      Math.max(begun, Math.min(now, random.pick(times) + random.pick([0, 1, -1, 500_000]))),
    );
  };

  const ACTS = { save, merge, remove, refresh, undo, endAndBegin };
  const WEIGHTS = [
    "save",
    "save",
    "save",
    "merge",
    "remove",
    "refresh",
    "undo",
    "undo",
    "endAndBegin",
    "endAndBegin",
  ] as const;

  const round = async (): Promise<void> => {
    const name = random.pick(WEIGHTS);
    await ACTS[name]();
    done[name] = (done[name] ?? 0) + 1;
    snapshots.set(now, new Map(truth));
    if (retention !== null && random.chance(0.1)) {
      while (await w.one("select syncline.tidy_versions(50)"));
    }
    for (const instant of await pastInstants(3)) await checkInstant(instant);
    const [from, to] = (await pastInstants(2)).sort((a, b) => a - b);
    if (from !== undefined) await checkDifference(from, to!);
    await forward();
  };
  /** All instants that are still known, and the laws; how often each thing was done. */
  const finish = async () => {
    snapshots.set(now, new Map(truth));
    const begun = await since();
    for (const time of snapshots.keys()) if (time >= begun) await checkInstant(time);
    if (begun > Date.parse(START)) {
      await w.refuses("SL005", /^the history of model "Contact" begins at /, () => checkInstant(begun - 1));
    }
    assert.deepEqual(
      (await runs.checkInvariants(w.db, {})).filter(({ law }) => !law.startsWith("a started sync")),
      [],
    );
    const versions = Number(
      await w.one("select count(*) from syncline.record_versions where stream_id = $1", [stream]),
    );
    return { ...done, instants: snapshots.size, versions, forgotten: begun > Date.parse(START) };
  };
  return { round, finish };
};

/** Play so many rounds in a database of their own; how often each thing was done. */
export const playHistory = async (t: TestContext, random: Seeded, o: { rounds: number; retention: number | null }) => {
  const db = await (await testDatabase(t)).pool.connect();
  try {
    await db.query("begin");
    const w = worldOn(db);
    await w.at(START);
    const { round, finish } = await historyRounds(w, random, o);
    for (let n = 0; n < o.rounds; n += 1) await round();
    return await finish();
  } finally {
    await db.query("rollback");
    db.release();
  }
};
