// Nothing that a function tries gets it out of its isolate; the ways stand in escapes.ts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ANSWERS, PRELUDE, WAYS } from "./escapes.ts";
import { poolForFile, recordingHost } from "./isolates.ts";

const { runBody } = poolForFile(1);

process.env.SYNCLINE_ESCAPE_TEST = "a secret of the server";
after(() => {
  delete process.env.SYNCLINE_ESCAPE_TEST;
});

for (const { name, body } of WAYS) {
  test(`no way out: ${name}`, async () => {
    const outcome = await runBody(PRELUDE + body, { call: recordingHost(ANSWERS).call, timeoutMs: 20_000 });
    const got = outcome.ok ? outcome.value : undefined;
    assert.ok(got === undefined || got === null || got === false, JSON.stringify(got));
    const why = outcome.ok ? "" : `${outcome.error.type} ${outcome.error.message}`;
    assert.doesNotMatch(why, /execution_timeout|isolate ended|a secret of the server/);
  });
}

test("after all of it the next run is as any other", async () => {
  assert.deepEqual(await runBody("return [typeof process, 1 + 1];"), { ok: true, value: ["undefined", 2] });
});
