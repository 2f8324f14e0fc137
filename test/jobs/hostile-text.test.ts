// Texts that Postgres cannot hold: the NUL character and halves of surrogate pairs, wherever a function may put them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const sync = (model: string, body: string): string => `
import { ActionError, createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Writes what cannot be written", version: "1.0.0", frequency: "every day", autoStart: true,
  checkpoint: z.object({ at: z.string() }),
  models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const nul = String.fromCharCode(0), half = String.fromCharCode(0xd800), other = String.fromCharCode(0xd801), slash = String.fromCharCode(92);
    ${body}
  },
});`;

test("a NUL or half a character in a log line, checkpoint, record, error or metadata harms nothing else", async (t) => {
  const engine = await testEngine(t, { rows: {} });
  const { db } = engine;
  await engine.deploy({
    "acme/syncs/logs.ts": sync(
      "Log",
      `
      await nango.log("before");
      await nango.log("nul " + nul + half, { ["key" + nul]: [nul, half] });
      await nango.log("after");`,
    ),
    "acme/syncs/saves.ts": sync(
      "Save",
      `
      await nango.batchSave([{ id: "a" + nul, text: nul + half }, { id: half, n: 1 }, { id: other, n: 2 }, { id: "z", text: slash + "u0000 " + slash + slash + "u0000" }], "Save");
      await nango.updateMetadata({ text: "x" + nul + half });
      await nango.saveCheckpoint({ at: "here" + nul + half });`,
    ),
    "acme/syncs/throws.ts": sync("Throw", `throw new Error("refused " + nul + half);`),
    "acme/syncs/refuses.ts": sync("Refuse", `throw new ActionError({ text: nul, [half]: [nul] });`),
  });
  const connection = await engine.connect("one");
  await engine.startWorker();
  await engine.quiet();
  const runs = await db.query(
    `select s.name, r.state, r.attempt, r.error ->> 'message' as message
       from syncline.runs r join syncline.syncs s on s.id = r.sync_id order by s.name`,
  );
  assert.deepEqual(
    runs.map(({ name, state, attempt }) => ({ name, state, attempt })),
    [
      { name: "logs", state: "succeeded", attempt: 1 },
      { name: "refuses", state: "failed", attempt: 1 },
      { name: "saves", state: "succeeded", attempt: 1 },
      { name: "throws", state: "failed", attempt: 1 },
    ],
    JSON.stringify(runs),
  );
  assert.match(runs[3]!.message, /^refused /);
  await until(
    "all lines are in the log",
    async () => {
      const lines = await db.query("select message from syncline.logs where message ~ '^(before|nul|after)'");
      return lines.length === 3;
    },
    5_000,
  );
  const slash = "\\";
  assert.deepEqual(await engine.live(connection, "Save"), [
    { id: "a", text: "\ud800" },
    { id: "z", text: `${slash}u0000 ${slash}${slash}u0000` },
    { id: "\ufffd", n: 1 },
  ]);
});
