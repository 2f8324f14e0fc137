// The isolates of one process. A thread serves one environment for its whole life, one run at a time; one unused thread is
// kept warm, because starting one takes 35-90 ms and a first run should not wait for that.
// A run that waits for another, nested one lends its place to it: else callers in all places would wait for each other for
// ever. Nested runs go first, so there are never more threads than places times the depth of nesting.
import type { Logger } from "../log.ts";
import { abortError } from "./isolate-errors.ts";
import { buildRuntimeCode, type RuntimeCode } from "./isolate-runtime-code.ts";
import { startThread, type Thread } from "./isolate-thread.ts";
import type { CpuLimits } from "./isolate-watch.ts";
import type { IsolateJob, IsolateOutcome } from "./protocol.ts";

/** A thread is replaced after this many runs: it bounds what code leaves behind in the heap and in the cache of bundles. */
const RUNS_PER_THREAD = 500;

type Slot = {
  thread: Thread;
  environment: string | undefined;
  isBusy: boolean;
  runs: number;
  /** The run it works on or worked on last, how many runs nested in that are under way, and whether there ever were any. */
  run: string | undefined;
  nested: number;
  hasNested: boolean;
};

const NO_RUN = { run: undefined, nested: 0, hasNested: false };

type Waiting = { environment: string; isNested: boolean; start: (slot: Slot | undefined) => void };

export type IsolatePool = ReturnType<typeof createIsolatePool>;

/**
 * `size` runs at most at a time, further ones wait in order; `memoryMb` caps the memory of each, `cpu` its time at work.
 * `run` reports every failure of a function in its outcome, and rejects only when the isolate's own code cannot be built.
 * Its `caller` is the id of the run in whose function this one was asked for, if any.
 * `close` ends what runs and resolves when all threads are gone.
 */
export const createIsolatePool = (o: { size: number; memoryMb: number; cpu?: CpuLimits; log: Logger }) => {
  const { size, memoryMb, cpu, log } = o;
  const building = buildRuntimeCode();
  const slots: Slot[] = []; // least recently used first
  const waiting: Waiting[] = [];
  const stopping = new Set<Promise<void>>();
  let isClosed = false;

  const add = (runtime: RuntimeCode): Slot => {
    const thread = startThread({ runtime, memoryMb, cpu });
    const slot: Slot = { thread, environment: undefined, isBusy: false, runs: 0, ...NO_RUN };
    slots.push(slot);
    return slot;
  };

  const discard = (slot: Slot): void => {
    slots.splice(slots.indexOf(slot), 1);
    const stopped = slot.thread.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  };

  const isUnused = ({ environment }: Slot): boolean => environment === undefined;

  /** Threads to keep: a caller's nested runs have one beside its own, as it will probably call again. */
  const most = (): number => size + slots.filter(({ isBusy, hasNested }) => isBusy && hasNested).length;

  const keepAtMost = (count: number): void => {
    const bound = slots.filter((slot) => !isUnused(slot));
    const oldestIdle = bound.find((slot) => !slot.isBusy);
    if (bound.length > count && oldestIdle !== undefined) discard(oldestIdle);
  };

  const dropDead = (): void => {
    for (const slot of slots.filter(({ thread, isBusy }) => !isBusy && !thread.isAlive())) discard(slot);
  };

  const take = (environment: string, runtime: RuntimeCode): Slot | undefined => {
    dropDead();
    if (slots.filter(({ isBusy, nested }) => isBusy && nested === 0).length >= size) return undefined;
    const own = slots.findLast((slot) => slot.environment === environment && !slot.isBusy);
    if (own === undefined) keepAtMost(most() - 1);
    const slot = own ?? slots.find(isUnused) ?? add(runtime);
    Object.assign(slot, { environment, isBusy: true, runs: slot.runs + 1, ...NO_RUN });
    if (!slots.some(isUnused)) add(runtime);
    return slot;
  };

  const acquire = async (
    { context: { environmentId }, signal }: IsolateJob,
    o: { isNested: boolean; runtime: RuntimeCode },
  ): Promise<Slot | undefined> => {
    const { isNested, runtime } = o;
    const environment = String(environmentId);
    if (isClosed || signal.aborted) return undefined;
    const slot = isNested || waiting.length === 0 ? take(environment, runtime) : undefined;
    if (slot !== undefined) return slot;
    return await new Promise((resolve) => {
      const start = (given: Slot | undefined) => {
        signal.removeEventListener("abort", giveUp);
        resolve(given);
      };
      const entry = { environment, isNested, start };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        start(undefined);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      const firstOther = isNested ? waiting.findIndex((one) => !one.isNested) : -1;
      waiting.splice(firstOther < 0 ? waiting.length : firstOther, 0, entry);
    });
  };

  const startNext = (runtime: RuntimeCode): void => {
    const next = waiting[0];
    const slot = next === undefined ? undefined : take(next.environment, runtime);
    if (slot === undefined) return;
    waiting.shift();
    next!.start(slot);
  };

  const release = (slot: Slot, runtime: RuntimeCode): void => {
    if (isClosed) return;
    slot.isBusy = false;
    slots.push(...slots.splice(slots.indexOf(slot), 1));
    if (slot.runs >= RUNS_PER_THREAD || !slot.thread.isAlive()) discard(slot);
    keepAtMost(most());
    startNext(runtime);
  };

  const lend = (caller: string | undefined): Slot | undefined => {
    const slot = caller === undefined ? undefined : slots.find(({ isBusy, run }) => isBusy && run === caller);
    if (slot !== undefined) Object.assign(slot, { nested: slot.nested + 1, hasNested: true });
    return slot;
  };

  const run = async (job: IsolateJob, caller?: string): Promise<IsolateOutcome> => {
    const runtime = await building;
    const lender = lend(caller);
    const slot = await acquire(job, { isNested: lender !== undefined, runtime });
    if (slot !== undefined) slot.run = job.context.runId;
    const outcome = await slot?.thread.run(job);
    if (lender !== undefined && lender.run === caller) lender.nested -= 1; // the caller may have failed meanwhile
    if (slot === undefined || outcome === undefined) return { ok: false, error: abortError() };
    if (!slot.thread.isAlive() && !isClosed) {
      const reason = outcome.ok ? "none" : outcome.error.type;
      log.info({ event: "isolate.ended", run: job.context.runId, reason }, "isolate ended");
    }
    release(slot, runtime);
    return outcome;
  };

  const close = async (): Promise<void> => {
    isClosed = true;
    for (const { start } of waiting.splice(0)) start(undefined);
    for (const slot of [...slots]) discard(slot);
    await Promise.all(stopping);
  };

  const warmUp = (runtime: RuntimeCode): void => {
    if (!isClosed && !slots.some(isUnused)) add(runtime);
  };
  building.then(warmUp, () => {}); // a failure is run's to report

  return { run, close };
};
