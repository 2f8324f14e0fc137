// The isolates of one process. A thread serves one environment for its whole life, one run at a time; one unused thread is
// kept warm, because starting one takes 35-90 ms and a first run should not wait for that.
// A run that waits for another, nested one lends its place to it: else callers in all places would wait for each other for
// ever. Nested runs go first, so there are never more threads than places times the depth of nesting.
// Runs that somebody waits for have places of their own: syncs may hold theirs for hours. A place costs nothing until it is
// taken; the thread it then has takes some 40 MB, at work or at rest.
import type { Logger } from "../log.ts";
import { abortError, lateError } from "./isolate-errors.ts";
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
  isDirect: boolean;
  runs: number;
  /** The run it works on or worked on last, how many runs nested in that are under way, and whether there ever were any. */
  run: string | undefined;
  nested: number;
  hasNested: boolean;
};

const NO_RUN = { run: undefined, nested: 0, hasNested: false };

type Waiting = { environment: string; isNested: boolean; isDirect: boolean; start: (slot: Slot | undefined) => void };

/** `caller`: the id of the run in whose function this one was asked for, whose place it takes. `isDirect`: somebody waits for it. */
export type RunOptions = {
  caller?: string | undefined;
  isDirect?: boolean | undefined;
  /** How long it waits for a place; for ever unless said otherwise. */
  startWithinMs?: number | undefined;
};

export type IsolatePool = ReturnType<typeof createIsolatePool>;

/**
 * `size` runs at most at a time and beside them `direct` ones that somebody waits for (0: they share the places of the
 * others); further ones wait in order. `memoryMb` caps the memory of each, `litterMb` the garbage beside it, `cpu` its time
 * at work.
 * `run` reports every failure of a function in its outcome, and rejects only when the isolate's own code cannot be built.
 * `close` ends what runs and resolves when all threads are gone.
 */
export const createIsolatePool = (o: {
  size: number;
  direct?: number;
  memoryMb: number;
  litterMb?: number | undefined;
  cpu?: CpuLimits | undefined;
  log: Logger;
}) => {
  const { size, direct = 0, memoryMb, litterMb, cpu, log } = o;
  const building = buildRuntimeCode();
  const slots: Slot[] = []; // least recently used first
  const waiting: Waiting[] = [];
  const stopping = new Set<Promise<void>>();
  let isClosed = false;

  const add = (runtime: RuntimeCode): Slot => {
    const thread = startThread({ runtime, memoryMb, litterMb, cpu });
    const slot: Slot = { thread, environment: undefined, isBusy: false, isDirect: false, runs: 0, ...NO_RUN };
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
  const most = (): number => size + direct + slots.filter(({ isBusy, hasNested }) => isBusy && hasNested).length;

  const keepAtMost = (count: number): void => {
    const bound = slots.filter((slot) => !isUnused(slot));
    const oldestIdle = bound.find((slot) => !slot.isBusy);
    if (bound.length > count && oldestIdle !== undefined) discard(oldestIdle);
  };

  const dropDead = (): void => {
    for (const slot of slots.filter(({ thread, isBusy }) => !isBusy && !thread.isAlive())) discard(slot);
  };

  const hasPlace = (isDirect: boolean): boolean => {
    const taken = slots.filter((slot) => slot.isBusy && slot.nested === 0 && slot.isDirect === isDirect).length;
    return taken < (isDirect ? direct : size);
  };

  const take = (environment: string, isDirect: boolean, runtime: RuntimeCode): Slot | undefined => {
    dropDead();
    if (!hasPlace(isDirect)) return undefined;
    const own = slots.findLast((slot) => slot.environment === environment && !slot.isBusy);
    if (own === undefined) keepAtMost(most() - 1);
    const slot = own ?? slots.find(isUnused) ?? add(runtime);
    Object.assign(slot, { environment, isBusy: true, isDirect, runs: slot.runs + 1, ...NO_RUN });
    if (!slots.some(isUnused)) add(runtime);
    return slot;
  };

  const acquire = async (
    { context: { environmentId }, signal }: IsolateJob,
    o: { isNested: boolean; isDirect: boolean; startWithinMs: number | undefined; runtime: RuntimeCode },
  ): Promise<Slot | undefined> => {
    const { isNested, isDirect, runtime } = o;
    const environment = String(environmentId);
    if (isClosed || signal.aborted) return undefined;
    const isFirst = isNested || !waiting.some((one) => one.isDirect === isDirect);
    const slot = isFirst ? take(environment, isDirect, runtime) : undefined;
    if (slot !== undefined) return slot;
    return await new Promise((resolve) => {
      const start = (given: Slot | undefined) => {
        signal.removeEventListener("abort", giveUp);
        clearTimeout(patience);
        resolve(given);
      };
      const entry = { environment, isNested, isDirect, start };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        start(undefined);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      const patience = o.startWithinMs === undefined ? undefined : setTimeout(giveUp, o.startWithinMs);
      const firstOther = isNested ? waiting.findIndex((one) => !one.isNested) : -1;
      waiting.splice(firstOther < 0 ? waiting.length : firstOther, 0, entry);
    });
  };

  const startNext = (runtime: RuntimeCode): void => {
    const next = waiting.find(({ isDirect }) => hasPlace(isDirect));
    const slot = next === undefined ? undefined : take(next.environment, next.isDirect, runtime);
    if (slot === undefined) return;
    waiting.splice(waiting.indexOf(next!), 1);
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

  const run = async (
    job: IsolateJob,
    { caller, isDirect = false, startWithinMs }: RunOptions = {},
  ): Promise<IsolateOutcome> => {
    const runtime = await building;
    const lender = lend(caller);
    const isBeside = lender === undefined ? isDirect && direct > 0 : lender.isDirect;
    const slot = await acquire(job, { isNested: lender !== undefined, isDirect: isBeside, startWithinMs, runtime });
    if (slot !== undefined) slot.run = job.context.runId;
    const outcome = await slot?.thread.run(job);
    if (lender !== undefined && lender.run === caller) lender.nested -= 1; // the caller may have failed meanwhile
    if (slot === undefined || outcome === undefined) {
      const isLate = startWithinMs !== undefined && !isClosed && !job.signal.aborted;
      return { ok: false, error: isLate ? lateError(startWithinMs) : abortError() };
    }
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
