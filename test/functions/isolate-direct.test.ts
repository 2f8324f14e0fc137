// Runs that somebody waits for: they have places that others cannot take, and fail when they find none soon.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createIsolatePool, type RunOptions } from "../../src/functions/isolate-pool.ts";
import { createLogger } from "../../src/log.ts";
import { until } from "../helpers/until.ts";
import { bundleFile, context, syncFile } from "./isolates.ts";

const pool = createIsolatePool({ size: 2, direct: 1, memoryMb: 64, log: createLogger("silent") });
after(() => pool.close());

const { promise: released, resolve: release } = Promise.withResolvers<void>();
let held = 0;
const job = await bundleFile(syncFile(`await nango.log("on"); return 1;`));

const run = (options: RunOptions, call: () => Promise<unknown> = async () => true) => {
  const signal = new AbortController().signal;
  return pool.run({ ...job, entry: "exec", context, call, signal, timeoutMs: 60_000 }, options);
};

const hold = async () => {
  held += 1;
  await released;
};

test("places for others and for those that are waited for are apart", async () => {
  const others = [run({}, hold), run({}, hold)];
  await until("all places of others are taken", () => held === 2);
  const waited = await Promise.all(Array.from({ length: 10 }, () => run({ isDirect: true })));
  assert.ok(waited.every(({ ok }) => ok));
  const late = await run({ startWithinMs: 50 });
  assert.equal(late.ok ? "" : late.error.type, "execution_timeout");
  const direct = run({ isDirect: true }, hold);
  await until("the one place of those that are waited for is taken", () => held === 3);
  const lateToo = await run({ isDirect: true, startWithinMs: 50 });
  assert.match(lateToo.ok ? "" : lateToo.error.message, /found no place within 0.05 s/);
  release();
  assert.ok((await Promise.all([...others, direct])).every(({ ok }) => ok));
  assert.ok(
    (await Promise.all([run({}), run({ isDirect: true })])).every(({ ok }) => ok),
    "none was lost",
  );
});
