// A worker that was stopped past its lease wakes up and finds that the run is another's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clearCheckpoint, saveCheckpoint } from "../../src/db/checkpoints.ts";
import type { Db } from "../../src/db/fn.ts";
import { openRefresh, openStream, removeRecords, saveRecords, setMergingStrategy } from "../../src/db/records.ts";
import { checkInvariants, createRun, failRun, finishRun, interruptRun, releaseRun } from "../../src/db/runs.ts";
import { testEngine } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { audit } from "./audit.ts";
import { REFRESH, workerEnv } from "./refresh.ts";

type Fence = { run: number; token: number };

const EVERYTHING_A_WORKER_WRITES: ((db: Db, fence: Fence, stream: number) => Promise<unknown>)[] = [
  (db, fence) => openStream(db, { ...fence, model: "Contact" }),
  (db, fence, stream) =>
    saveRecords(db, {
      ...fence,
      stream,
      ids: ["stale"],
      hashes: [Buffer.alloc(16)],
      payloads: [Buffer.alloc(40)],
      checkpoint: { page: 99 },
    }),
  (db, fence, stream) => removeRecords(db, { ...fence, stream, ids: ["con_000000001"], deletedAt: [null] }),
  (db, fence, stream) => openRefresh(db, { ...fence, stream }),
  (db, fence, stream) => setMergingStrategy(db, { ...fence, stream, strategy: "override" }),
  (db, fence) => saveCheckpoint(db, { ...fence, value: { page: 99 } }),
  (db, fence) => clearCheckpoint(db, fence),
  (db, fence) => finishRun(db, fence),
  (db, fence) => failRun(db, { ...fence, error: { type: "stale", message: "stale" } }),
  (db, fence) => interruptRun(db, fence),
  (db, fence) => releaseRun(db, fence),
];

test("a worker stopped past its lease writes nothing when it wakes up, and goes on with other work", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 300 }, pageDelayMs: 150 });
  const { db, provider } = engine;
  await engine.deploy({ "acme/syncs/contacts.ts": REFRESH });
  const connection = await engine.connect("one");
  await db.query("update syncline.settings set lease = '2 s'");
  const { checkOwners } = await audit(db);
  const [sync] = await db.query("select id from syncline.syncs");
  const run = (await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false }))!;
  const row = async () => (await db.query("select * from syncline.runs where id = $1", [run]))[0]!;
  const pages = async () => (await db.query("select value -> 'page' as page from syncline.checkpoints"))[0]?.page ?? 0;

  const sleeper = await startSyncline(t, workerEnv(db.url));
  await until("some pages are committed", async () => (await pages()) >= 2);
  sleeper.kill("SIGSTOP");
  const stale = { run, token: (await row()).token as number };
  const other = await startSyncline(t, workerEnv(db.url));
  await until("the run is taken over", async () => (await row()).worker?.includes(`:${other.pid}:`));
  const [stream] = await db.query("select id, records from syncline.streams");
  for (const write of EVERYTHING_A_WORKER_WRITES) {
    await assert.rejects(write(db.pool, stale, stream!.id), { code: "SL001" }, write.toString());
  }
  sleeper.kill("SIGCONT");
  await engine.quiet();
  assert.deepEqual((({ state, error }) => ({ state, error }))(await row()), { state: "succeeded", error: null });

  other.kill("SIGTERM");
  assert.equal(await other.exited, 0);
  provider.world.edit({ kind: "contacts", count: 20 });
  await createRun(db.pool, { sync: sync!.id, origin: "trigger", emptyCache: false });
  await engine.quiet();
  sleeper.kill("SIGTERM");
  assert.equal(await sleeper.exited, 0);
  assert.deepEqual(
    (await db.query("select state, worker from syncline.runs order by id")).map(({ state }) => state),
    ["succeeded", "succeeded"],
  );
  assert.deepEqual(await engine.live(connection, "Contact"), [...provider.world.rows("contacts")]);
  await checkOwners();
  assert.deepEqual(await checkInvariants(db.pool, {}), []);
});
