// The embedded Postgres: one owner per data folder, and no server without an owner.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, type TestContext, test } from "node:test";
import { isServerOf, waitUntil } from "../../src/db/embedded/processes.ts";
import { findRunningPostgres, startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import { readState } from "../../src/db/embedded/state.ts";
import { connect } from "../../src/db/pool.ts";

const settings = { fsync: "off" };
const OWNER = path.join(import.meta.dirname, "../helpers/embedded-owner.ts");
const DEADLINE_MS = 20_000;

const newFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "syncline-embedded-"));
  chmodSync(folder, 0o755);
  return folder;
};

const temporaryFolder = (t: TestContext): string => {
  const folder = newFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

// For tests that do not mind whether the cluster is there already: making one costs 1 s of a core.
const shared = newFolder();
after(() => rmSync(shared, { recursive: true, force: true }));

type Said = { pid?: number; code?: string; message?: string };

const startOwner = async (t: TestContext, folder: string): Promise<{ child: ChildProcess; said: Said }> => {
  const child = spawn(process.execPath, [OWNER, folder], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(async () => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, said: JSON.parse(line) };
};

const kill = async (child: ChildProcess): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};

const ask = async (url: string, query: string): Promise<unknown> => {
  const client = await connect({ url, applicationName: "test" });
  return Object.values((await client.query(query).finally(() => client.end())).rows[0] ?? {})[0];
};

test("a data folder keeps its data, port and password from start to start, for the owner's eyes only", async (t) => {
  const dataFolder = temporaryFolder(t);
  const first = await startEmbeddedPostgres({ dataFolder });
  await ask(first.url, "create table kept as select 1 as one");
  assert.equal(await ask(first.url, "show fsync"), "on");
  assert.equal(await ask(first.url, "show data_checksums"), "on");
  assert.equal(findRunningPostgres(dataFolder), first.url);
  await first.stop();
  assert.equal(findRunningPostgres(dataFolder), null);
  const second = await startEmbeddedPostgres({ dataFolder });
  t.after(second.stop);
  assert.equal(second.url, first.url);
  assert.equal(await ask(second.url, "select one from kept"), 1);
  for (const name of ["postgres.json", "pg_service.conf", "postgres.log"]) {
    assert.equal(statSync(path.join(dataFolder, name)).mode & 0o777, 0o600, name);
  }
  assert.equal(second.psqlHint, `PGSERVICEFILE=${dataFolder}/pg_service.conf psql service=syncline`);
  assert.match(
    readFileSync(path.join(dataFolder, "pg_service.conf"), "utf8"),
    /^\[syncline\]\nhost=127\.0\.0\.1\nport=\d+\n/,
  );
});

test("a second start on the folder is refused and names the owner, in this process too", async (t) => {
  const dataFolder = shared;
  const server = await startEmbeddedPostgres({ dataFolder, settings });
  t.after(server.stop);
  const refusal = { code: "data_folder_in_use", message: new RegExp(`process ${process.pid} `) };
  await assert.rejects(startEmbeddedPostgres({ dataFolder, settings }), refusal);
});

test("kill -9 of the owner stops the server", async (t) => {
  const folder = shared;
  const { child, said } = await startOwner(t, folder);
  await kill(child);
  assert.ok(await waitUntil(() => !isServerOf(said.pid!, path.join(folder, "postgres")), DEADLINE_MS));
});

test("a server whose owner and watchdog were both killed is stopped by the next start", async (t) => {
  const folder = shared;
  const { child, said } = await startOwner(t, folder);
  const watchdog = execFileSync("pgrep", ["-f", `syncline-watchdog ${said.pid} `], { encoding: "utf8" });
  process.kill(Number(watchdog), "SIGKILL");
  await kill(child);
  const cluster = path.join(folder, "postgres");
  assert.ok(isServerOf(said.pid!, cluster));
  const server = await startEmbeddedPostgres({ dataFolder: folder, settings });
  t.after(server.stop);
  assert.ok(!isServerOf(said.pid!, cluster));
  assert.equal(await ask(server.url, "select 1"), 1);
});

test("of many starts at once on a folder with a dead owner's lock, one wins and the others name it", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, "lock"), "4194000\n1\nleft by a dead process\n");
  const owners = await Promise.all([1, 2, 3, 4].map(() => startOwner(t, folder)));
  const winners = owners.filter(({ said }) => said.pid !== undefined);
  assert.equal(winners.length, 1);
  for (const { said } of owners.filter((owner) => owner !== winners[0])) {
    assert.equal(said.code, "data_folder_in_use", said.message ?? "");
    assert.match(said.message!, new RegExp(`process ${winners[0]!.child.pid} `));
  }
});

test("what a folder remembers is read whole while another process writes it", async (t) => {
  const folder = temporaryFolder(t);
  const module = path.join(import.meta.dirname, "../../src/db/embedded/state.ts");
  const state = { cluster: "/c", port: 5432, password: "p" };
  const code = `import { writeState } from ${JSON.stringify(module)}; process.send(""); for (;;) writeState(${JSON.stringify(folder)}, ${JSON.stringify(state)});`;
  const writer = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    await once(writer, "message");
    assert.ok(await waitUntil(() => readState(folder) !== null, DEADLINE_MS));
    for (let i = 0; i < 20_000; i++) assert.deepEqual(readState(folder), state);
  } finally {
    await kill(writer); // before the folder goes, in which it writes
  }
});

test("a folder that the OS user postgres cannot enter has its database elsewhere, and finds it again", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("only root runs Postgres as another user");
  const [parent, outsideFolder] = [temporaryFolder(t), path.join(temporaryFolder(t), "outside")];
  chmodSync(parent, 0o700);
  const dataFolder = path.join(parent, "data");
  mkdirSync(dataFolder);
  const lines: string[] = [];
  const log = { info: (_: object, message: string) => lines.push(message) };
  const first = await startEmbeddedPostgres({ dataFolder, outsideFolder, settings, log });
  await ask(first.url, "create table kept as select 1 as one");
  await first.stop();
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /cannot enter .*, so the database is kept in /);
  assert.ok(!existsSync(path.join(dataFolder, "postgres")));
  const second = await startEmbeddedPostgres({ dataFolder, outsideFolder, settings });
  t.after(second.stop);
  assert.equal(await ask(second.url, "select one from kept"), 1);
});

test("stop resolves when the server died first", async () => {
  const dataFolder = shared;
  const server = await startEmbeddedPostgres({ dataFolder, settings });
  process.kill(server.pid, "SIGKILL");
  await server.stop();
  await server.stop();
});
