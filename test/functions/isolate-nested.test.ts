// Runs that ask for runs: a caller lends its place to what it waits for.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createIsolatePool } from "../../src/functions/isolate-pool.ts";
import type { HostCall, IsolateOutcome } from "../../src/functions/protocol.ts";
import { createLogger } from "../../src/log.ts";
import { until } from "../helpers/until.ts";
import { bundleFile, context, syncFile } from "./isolates.ts";

const PLACES = 2;
const TIMEOUT_MS = 120_000; // on a busy machine the 20 threads that these start take seconds each
const pool = createIsolatePool({ size: PLACES, memoryMb: 64, log: createLogger("silent") });
after(() => pool.close());

let runs = 0;

/** A pool's run whose function calls as often as `calls` says at each depth, all at once; `busy` counts those that wait for nobody. */
const nest = async (calls: number[], seen: { busy: number; most: number; order: string[] }, caller?: string) => {
  const [count = 0, ...deeper] = calls;
  const runId = String(++runs);
  const begin = (): void => {
    seen.busy += 1;
    seen.most = Math.max(seen.most, seen.busy);
    seen.order.push(caller === undefined ? "top" : "nested");
  };
  let waitingFor = 0;
  const call: HostCall = async (method) => {
    if (method === "log") return begin();
    if (waitingFor++ === 0) seen.busy -= 1;
    const outcome = await nest(deeper, seen, runId);
    if (--waitingFor === 0) seen.busy += 1;
    return (outcome as { value: number }).value;
  };
  const body = `await nango.log("on");
    const below = await Promise.all(Array.from({ length: ${count} }, () => nango.getMetadata()));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 1 + below.reduce((sum, one) => sum + one, 0);`;
  const job = { ...(await bundleFile(syncFile(body))), entry: "exec" as const, call, timeoutMs: TIMEOUT_MS };
  const signal = new AbortController().signal;
  const outcome: IsolateOutcome = await pool.run({ ...job, signal, context: { ...context, runId } }, { caller });
  seen.busy -= 1;
  return outcome;
};

const SEEN = () => ({ busy: 0, most: 0, order: [] as string[] });

test("callers in all places get their nested runs done, deep and wide, and not more run at a time than there are places", async () => {
  const seen = SEEN();
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => nest([2, 1, 1], seen)));
  assert.deepEqual(outcomes, Array(4).fill({ ok: true, value: 7 }));
  assert.ok(seen.most <= PLACES + 1, `${seen.most} at a time`); // one more for the moment between an end and its being heard
});

test("nested runs go before those that wait for a place of their own", async () => {
  const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const job = {
    ...(await bundleFile(syncFile(`await nango.log("on");`))),
    entry: "exec" as const,
    timeoutMs: TIMEOUT_MS,
  };
  const signal = new AbortController().signal;
  const call = () => {
    isHeld();
    return released;
  };
  const holding = pool.run({ ...job, call, signal, context: { ...context, runId: "held" } });
  await held;
  const seen = SEEN();
  const first = nest([1, 2, 1], seen);
  await until("the first one runs", () => seen.order.length > 0);
  await Promise.all([first, nest([], seen)]);
  release();
  await holding;
  assert.deepEqual(seen.order, ["top", ...Array(5).fill("nested"), "top"]);
});

test("a caller that fails while its nested run goes on takes no place from others", async () => {
  const started = Promise.withResolvers<void>();
  const stop = new AbortController();
  const endless = await bundleFile(syncFile(`await nango.log("on"); await new Promise(() => {});`));
  const base = { entry: "exec" as const, timeoutMs: TIMEOUT_MS, signal: stop.signal };
  let nested: Promise<IsolateOutcome> | undefined;
  const call: HostCall = async () => {
    nested = pool.run(
      { ...base, ...endless, call: async () => started.resolve(), context: { ...context, runId: "inner" } },
      { caller: "outer" },
    );
    await started.promise;
    throw new Error("no");
  };
  const failing = await bundleFile(syncFile("await nango.getMetadata();"));
  const outcome = await pool.run({ ...base, ...failing, call, context: { ...context, runId: "outer" } });
  assert.equal(outcome.ok, false);
  stop.abort();
  await nested;
  const seen = SEEN();
  await Promise.all(Array.from({ length: 4 }, () => nest([], seen)));
  assert.ok(seen.most <= PLACES, `${seen.most} at a time`);
});
