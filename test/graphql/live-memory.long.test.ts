// A client that reads nothing costs a page: a server's memory stays flat while a million changes happen, and after a while the
// client is ended. Also measured here: how soon a change is told, and what 200 idle subscriptions ask of the database.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { contentHash, sealAll } from "../../src/crypto/seal.ts";
import { createBell } from "../../src/db/bell.ts";
import { openStream, saveRecords } from "../../src/db/records.ts";
import { claimRun, createRun } from "../../src/db/runs.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { createLogger } from "../../src/log.ts";
import { TEST_API_KEY, TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";
import { figures } from "../helpers/figures.ts";
import { startSyncline } from "../helpers/processes.ts";
import { SOAK_FUNCTION } from "./soak.ts";
import { follow, socketClient } from "./subscribers.ts";

const ROWS = 10_000;
const BATCHES = 100;
const FIRST_BATCHES = 30;
const FULL_MS = 8_000;
const SILENT = 20;
const WATCHING = 200;
const TOLD = 100;
const MOST_GROWTH_MB = 60;
const ENDED_MS = 45_000;

const QUERY = (model: string) =>
  `subscription { recordsChanged(integration: "acme", connectionId: "one", model: "${model}", after: "") { cursor records { id } } }`;
const INSERT = `
  with head as (
    update syncline.streams set head = head + $2 where id = $1 returning head)
  insert into syncline.records (pos, run_id, first_seen_at, last_modified_at, stream_id, last_action, hash, external_id, payload)
  select h.head - $2 + n, 1, now(), now(), $1, 'A', '\\x00', (h.head - $2 + n)::text, decode(repeat('ab', 300), 'hex')
    from head h, generate_series(1, $2) n`;

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
const quantile = (sorted: number[], share: number): number =>
  Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 10) / 10;

test("memory stays flat beside clients that read nothing, and they are ended", async (t) => {
  const engine = await testEngine(t, { rows: {} });
  const { pool, url } = engine.db;
  await engine.deploy({ "acme/syncs/writer.ts": SOAK_FUNCTION });
  const connection = await engine.connect("one");
  const server = await startSyncline(t, {
    DATABASE_URL: url,
    SYNCLINE_ROLE: "api",
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  });
  const at = (await server.line(({ event }) => event === "server.started")) as { url: string };
  const [{ id: sync }] = (await engine.db.query("select id from syncline.syncs")) as [{ id: number }];
  await createRun(pool, { sync, origin: "trigger", emptyCache: false });
  const lease = (await claimRun(pool, { worker: "test" }))!;
  const fence = { run: lease.id, token: lease.token };
  const stream = await openStream(pool, { ...fence, model: "Contact" });
  const bell = createBell({ db: pool, log: createLogger("silent") });
  const client = () => socketClient(at, { connectionParams: { authorization: `Bearer ${TEST_API_KEY}` } });

  const reader = follow(client(), QUERY("Contact"));
  const key = await engine.keys.ofConnection(connection);
  const waits: number[] = [];
  for (let n = 0; n < TOLD; n++) {
    const ids = [`told${n}`];
    const payloads = sealAll(key, ["{}"], () => sealPlace(stream, ids[0]!));
    await saveRecords(pool, { ...fence, stream, ids, hashes: [contentHash(key, `${n}`)], payloads, checkpoint: null });
    const committed = performance.now();
    bell("records", connection);
    await reader.next();
    waits.push(performance.now() - committed);
    await pause(120);
  }
  waits.sort((a, b) => a - b);
  await reader.stop();

  // One statement a transaction: what the server asks for by itself is in both counts.
  const countFor = async (ms: number): Promise<number> => {
    const commits = `select sum(xact_commit + xact_rollback)::int as n from pg_stat_database where datname = current_database()`;
    const [before] = await engine.db.query(commits);
    await pause(ms);
    const [after] = await engine.db.query(commits);
    return ((after!.n - before!.n) * 1000) / ms;
  };
  const without = await countFor(10_000);
  const idle = client();
  const watching = Array.from({ length: WATCHING / 2 }, (_, n) => follow(idle, QUERY(`Model${n % 20}`)));
  const others = client();
  watching.push(...Array.from({ length: WATCHING / 2 }, (_, n) => follow(others, QUERY(`Model${n % 20}`))));
  for (const one of watching) one.next().catch(() => {});
  await pause(8_000);
  const withThem = await countFor(10_000);
  for (const one of [idle, others]) await one.dispose();

  const body = JSON.stringify({ query: QUERY("Contact") });
  const silent = Array.from({ length: SILENT }, () => {
    const socket = connect(Number(new URL(at.url).port), "127.0.0.1");
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TEST_API_KEY}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.on("error", () => {});
    socket.pause();
    socket.write(head + body);
    return socket;
  });
  const ended = Promise.all(silent.map((socket) => once(socket, "close")));
  // First as much as fits between two systems that buffer: 4 MB for each client here.
  for (let batch = 0; batch < FIRST_BATCHES; batch++) await pool.query(INSERT, [stream, ROWS]);
  await pause(FULL_MS);
  const before = rssOf(server.pid);
  let most = before;
  for (let batch = 0; batch < BATCHES; batch++) {
    await pool.query(INSERT, [stream, ROWS]);
    bell("records", connection);
    most = Math.max(most, rssOf(server.pid));
  }
  for (let waited = 0; waited < ENDED_MS; waited += 1_000) {
    await pause(1_000);
    most = Math.max(most, rssOf(server.pid));
  }
  // Cut off, not served to the end: what was on the way is still there to read.
  let bytes = 0;
  for (const socket of silent) {
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
  }
  await ended;
  figures(t, {
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    statementsWithout: without,
    statementsWith: withThem,
    before: Math.round(before),
    most: Math.round(most),
    mbOnTheWay: Math.round(bytes / SILENT / 1024 / 1024),
  });
  assert.ok(most - before < MOST_GROWTH_MB, `${before} MB became ${most}`);
});
