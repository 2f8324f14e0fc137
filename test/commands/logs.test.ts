// `syncline logs`: what it prints, and that following skips nothing and repeats nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWindow, type Row } from "../../src/commands/log-window.ts";
import { appendLogs, type LogLine } from "../../src/db/logs.ts";
import { startProcess } from "../helpers/processes.ts";
import { runSyncline, startApi } from "./server.ts";

const rows = (...ids: number[]): Row[] => ids.map((id) => ({ id }) as Row);

test("a row that appears late below one that was shown is shown, and none is shown twice", () => {
  let now = 0;
  const window = createWindow({ start: 9, keepMs: 3_000, now: () => now });
  const step = (...visible: number[]): number[] => {
    now += 1_000;
    const from = window.from();
    return window.take(rows(...visible.filter((id) => id > from))).map(({ id }) => id);
  };
  assert.deepEqual(step(10, 11), [10, 11]);
  assert.deepEqual(step(10, 11, 20), [20]);
  assert.deepEqual(step(10, 11, 12, 20), [12]);
  assert.deepEqual(step(10, 11, 12, 13, 20, 21), [13, 21]);
  assert.deepEqual(step(10, 11, 12, 13, 20, 21, 22), [22]);
});

test("a window that has moved on asks for little: from where it was when its time was over", () => {
  let now = 0;
  const window = createWindow({ start: 0, keepMs: 3_000, now: () => now });
  window.take(rows(1, 2, 3));
  now += 2_999;
  assert.equal(window.from(), 0);
  now += 1;
  assert.equal(window.from(), 3);
  assert.deepEqual(window.take([]), []);
});

const line = (message: string, level: LogLine["level"] = "info"): LogLine => ({
  at: "2026-01-02T03:04:05.678Z",
  environment_id: 1,
  kind: "message",
  level,
  message,
});

test("it prints the newest lines oldest first, filters them, and follows until Ctrl-C", async (t) => {
  const { db, env } = await startApi(t);
  const [dev] = await db.query("select id from syncline.environments where name = 'dev'");
  const write = (...lines: LogLine[]) =>
    appendLogs(db.pool, { rows: lines.map((one) => ({ ...one, environment_id: dev!.id })) });
  await write(line("one"), line("two", "error"), line("three"));
  const logs = (...args: string[]) => runSyncline(t, ["logs", ...args], { ...env, TZ: "UTC" });

  const [two, three] = (await logs("--limit", "2")).out.trimEnd().split("\n");
  assert.equal(two, "03:04:05 error message   two");
  assert.equal(three, "03:04:05 info  message   three");
  const errors = (await logs("--level", "warn", "--json")).out.trimEnd().split("\n");
  assert.deepEqual(
    errors.map((text) => JSON.parse(text).message),
    ["two"],
  );
  assert.match((await logs("--connection", "nobody")).out, /^error: There is no connection "nobody"\.\n/);

  const following = startProcess(t, { args: ["src/cli.ts", "logs", "--follow", "--json"], env });
  await following.line(({ message }) => message === "three");
  await write(line("four"));
  await following.line(({ message }) => message === "four");
  following.kill("SIGINT");
  assert.equal(await following.exited, 0);
  assert.deepEqual(
    following.lines.map(({ message }) => message),
    ["one", "two", "three", "four"],
  );
});
