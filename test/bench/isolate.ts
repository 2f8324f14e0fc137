// Isolates: what a start, a run and a call cost, a page of records through one into the store, and what neighbours lose to
// a function that means no good.
import { createHash } from "node:crypto";
import { transform } from "esbuild";
import { createIsolatePool } from "../../src/functions/isolate-pool.ts";
import { buildRuntimeCode } from "../../src/functions/isolate-runtime-code.ts";
import { startThread } from "../../src/functions/isolate-thread.ts";
import type { HostCall, IsolateJob, RunContext } from "../../src/functions/protocol.ts";
import { createLogger } from "../../src/log.ts";
import type { Result } from "./result.ts";
import type { Bench } from "./setup.ts";

const MEMORY_MB = 128;
const STARTS = 10;
const RUNS = 500;
const CALLS = 5_000;
const PAGES = 20; // as in functions.ts
const NEIGHBOURS = 4;
const ANSWER_MS = 5;
const MEASURED_MS = 1_500;

const context: RunContext = {
  variant: "base",
  connectionId: "bench",
  providerConfigKey: "bench",
  provider: "bench",
  environmentName: "dev",
  environmentId: 1,
  syncId: "1",
  runId: "1",
  lastSyncDate: null,
  scriptType: "sync",
  logLevel: "debug",
};

const jobOf = async (body: string, call: HostCall, signal = new AbortController().signal): Promise<IsolateJob> => {
  const source = `import { createSync } from "syncline"; import * as z from "zod";
    const Row = z.object({ id: z.string(), name: z.string().nullable(), at: z.iso.datetime() });
    export default createSync({ description: "d", frequency: "every hour", models: { Row }, exec: async (nango) => { ${body} } });`;
  const { code: bundle } = await transform(source, { loader: "ts", format: "cjs" });
  const hash = createHash("sha256").update(bundle).digest("hex");
  return { bundle, hash, entry: "exec", context, call, signal, timeoutMs: 600_000 };
};

const percentiles = (times: number[]): { p50: number; p99: number } => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { p50: at(0.5), p99: at(0.99) };
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

const figure = (work: string, ms: number, detail: string): Result => ({
  work,
  against: "-",
  ratio: ms,
  budget: "-",
  isMet: true,
  detail,
});

const coldStarts = async (): Promise<Result> => {
  const runtime = await buildRuntimeCode();
  const job = await jobOf("", async () => true);
  const times: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    let stop = async (): Promise<void> => {};
    const start = async (): Promise<void> => {
      const thread = startThread({ runtime, memoryMb: MEMORY_MB });
      stop = thread.stop;
      await thread.run(job);
    };
    times.push(await timed(start));
    await stop();
  }
  const { p50, p99 } = percentiles(times);
  return figure(
    "isolate, cold: thread to end of an empty run",
    p50,
    `ms; the longest of ${STARTS} ${p99.toFixed(0)} ms`,
  );
};

const warmRuns = async (): Promise<Result[]> => {
  const pool = createIsolatePool({ size: 1, memoryMb: MEMORY_MB, log: createLogger("silent") });
  const empty = await jobOf("", async () => true);
  const patching = await jobOf("Array.prototype.last = function () { return this.at(-1); };", async () => true);
  const timesOf = async (job: IsolateJob, count: number): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 0; n < count; n++) times.push(await timed(() => pool.run(job)));
    return times;
  };
  const arrivals: number[] = [];
  const call: HostCall = async () => void arrivals.push(performance.now());
  const calling = await jobOf(`for (let n = 0; n < ${CALLS}; n++) await nango.getMetadata();`, call);
  await timesOf(empty, 50);
  const runs = percentiles(await timesOf(empty, RUNS));
  const patched = percentiles(await timesOf(patching, 20));
  await pool.run(calling);
  const trips = percentiles(arrivals.slice(CALLS / 10).map((at, n) => at - arrivals[CALLS / 10 + n - 1]!));
  await pool.close();
  return [
    figure("isolate, warm: an empty run", runs.p50, `ms; p99 ${runs.p99.toFixed(2)} ms of ${RUNS} runs`),
    figure("isolate: an empty run after one that patched Array.prototype", patched.p50, "ms; its context is made anew"),
    figure(
      "isolate: a call and its answer",
      trips.p50 * 1000,
      `us; p99 ${(trips.p99 * 1000).toFixed(0)} us of ${CALLS}`,
    ),
  ];
};

const pageThroughEngine = async (bench: Bench): Promise<Result> => {
  await bench.connect("pages");
  await bench.api("POST", "/sync/trigger", { provider_config_key: "bench", connection_id: "pages", syncs: ["pages"] });
  for (;;) {
    const { rows } = await bench.pool.query("select message from syncline.logs where message like 'pages took %'");
    if (rows.length > 0) {
      const ms = Number(rows[0].message.split(" ")[2]) / PAGES;
      return figure(
        "batchSave of 1,000 new records, function to store",
        ms,
        `ms; mean of ${PAGES} pages of 1 KB records`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Each is started again when it ends, for as long as is measured. */
const HOSTILE: Record<string, string> = {
  "a busy loop": "for (;;) {}",
  "a regular expression without end": `/^(a+)+$/.test("a".repeat(60) + "b");`,
  "promises that keep the event loop": "for (;;) await null;",
  "an array without end": "const all = []; for (;;) all.push(1);",
  "a gigabyte of buffers": "const all = []; for (;;) all.push(Buffer.alloc(2 ** 20, 1));",
  "calls that nobody awaits": "for (;;) nango.getMetadata();",
  "logs without end": `for (;;) { for (let i = 0; i < 200; i++) nango.log("x".repeat(1000)); await nango.log("y"); }`,
  "a promise that never settles": "await new Promise(() => {});",
};

const besideHostile = async (): Promise<Result[]> => {
  const pool = createIsolatePool({ size: NEIGHBOURS + 1, memoryMb: MEMORY_MB, log: createLogger("silent") });
  const provider: HostCall = () => new Promise((resolve) => setTimeout(resolve, ANSWER_MS, true));
  const neighbour = await jobOf("for (let n = 0; n < 10; n++) await nango.getMetadata();", provider);

  /** Runs a second of all neighbours, each waiting on its provider most of the time. */
  const throughput = async (): Promise<number> => {
    const until = performance.now() + MEASURED_MS;
    let runs = 0;
    const loop = async (): Promise<void> => {
      while (performance.now() < until) {
        await pool.run(neighbour);
        runs += 1;
      }
    };
    const ms = await timed(() => Promise.all(Array.from({ length: NEIGHBOURS }, loop)));
    return runs / (ms / 1000);
  };

  const results: Result[] = [];
  await throughput();
  for (const [name, body] of Object.entries(HOSTILE)) {
    const alone = await throughput();
    const stop = new AbortController();
    const job = await jobOf(body, async () => true, stop.signal);
    let ended = 0;
    const again = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await pool.run({ ...job, context: { ...context, environmentId: 2 } });
        ended += 1;
      }
    };
    const hostile = again();
    const beside = await throughput();
    stop.abort();
    await hostile;
    const ratio = beside / alone;
    results.push({
      work: `neighbours beside ${name}`,
      against: "the same without it",
      ratio,
      budget: ">= 0.9",
      isMet: ratio >= 0.9,
      detail: `${beside.toFixed(0)} runs/s against ${alone.toFixed(0)}/s; ${NEIGHBOURS} neighbours with 10 calls of ${ANSWER_MS} ms a run; it ended ${ended} times`,
    });
  }
  await pool.close();
  return results;
};

/** Figures of the isolates, the last of them on a server with workers. */
export const benchIsolate = async (bench: Bench): Promise<Result[]> => [
  await coldStarts(),
  ...(await warmRuns()),
  await pageThroughEngine(bench),
  ...(await besideHostile()),
];
