// The demo as a newcomer runs it, and the lines it prints as the newcomer pastes them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { dataFolder } from "../crash/folder.ts";
import { startProcess } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { runSyncline } from "./server.ts";

// Both tests use it: making and migrating a cluster costs 3 s of a core, and a demo 3 s more.
const folder = dataFolder();
let isMade = false;
const args = ["demo", "--data", folder, "--rows", "150"];

const COUNTS = /^ {3}(\S+) +(Company|Contact|Ticket) +(\d+) +(\d+) +(\d+) {2}received, signature right$/gm;

const has = async (program: string): Promise<boolean> =>
  promisify(execFile)(program, ["--version"]).then(
    () => true,
    () => false,
  );

const shell = async (command: string): Promise<string> =>
  (await promisify(execFile)("sh", ["-c", command], { timeout: 20_000 })).stdout;

const countsIn = (out: string): string[] => [...out.matchAll(COUNTS)].map((match) => match.slice(1).join(" "));

test("the demo tells the counts of a second round, its lines work as printed, and the next one goes on", async (t) => {
  const demo = startProcess(t, { args: ["src/cli.ts", ...args] });
  const ended = demo.exited.then((code) => assert.fail(`the demo ended with ${code}:\n${demo.output()}`));
  await Promise.race([ended, until("the demo waits", () => demo.output().includes("Ctrl-C ends the demo"), 60_000)]);
  ended.catch(() => {}); // it ends below, as it should

  isMade = true;
  const counts = countsIn(demo.output());
  assert.equal(counts.length, 6, demo.output());
  assert.ok(counts.some((text) => /^green-valley Contact 5 \d+ 3$/.test(text)));
  const commands = demo.output().match(/^ {3}(curl|PGSERVICEFILE|SYNCLINE_DATA)=?.*$/gm) ?? [];
  assert.equal(commands.length, 7, demo.output());
  const [records, deleted, typed, status, psql, sql, change] = commands.map((text) => text.trim()) as [
    string,
    ...string[],
  ];
  if (await has("curl")) {
    assert.equal(JSON.parse(await shell(records)).records.length, 2);
    assert.equal(JSON.parse(await shell(deleted!)).records.length, 3);
    assert.equal(JSON.parse(await shell(typed!)).data.contacts.nodes.length, 2);
    assert.equal(JSON.parse(await shell(status!)).syncs.length, 6);
    assert.match(await shell(change!), /\{"success":true\}$/);
    await until("the webhook shows up", () => /webhook: green-valley Contact: 1 added/.test(demo.output()));
  } else t.diagnostic("no curl here: its lines were not tried");
  if (await has("psql")) assert.match(await shell(psql!), /green-valley +\| Contact +\| +15\d/);
  else t.diagnostic("no psql here: its line was not tried");
  assert.match(await shell(sql!), /^green-valley +Contact +15\d/m);

  demo.kill("SIGINT");
  assert.equal(await demo.exited, 0);
  const again = await runSyncline(t, [...args, "--once"]);
  assert.equal(again.code, 0, again.out);
  assert.match(again.out, /as the last demo left them/);
  assert.match(again.out, /3 unchanged/);
  assert.equal(countsIn(again.out).length, 6, again.out);
  assert.match(again.out, /the same number for each of the six syncs/);
});

test("a demo that is asked for other rows than its folder has says so, and ends with 1", async (t) => {
  if (!isMade) {
    const started = startProcess(t, { args: ["src/cli.ts", ...args] });
    await until("Acme is there", () => /2\. Start Acme/.test(started.output()), 60_000);
    started.kill("SIGINT");
    assert.equal(await started.exited, 0, started.output());
  }
  const { out, code } = await runSyncline(t, ["demo", "--data", folder, "--rows", "30"]);
  assert.equal(code, 1);
  assert.match(out, /^error: The demo in .* was made with 150 contacts\./m);
});
