// The isolates of one process. A thread serves one environment for its whole life, one run at a time; one unused thread is
// kept warm, because starting one takes 35-90 ms and a first run should not wait for that.
import type { Logger } from "../log.ts";
import { abortError } from "./isolate-errors.ts";
import { buildRuntimeCode, type RuntimeCode } from "./isolate-runtime-code.ts";
import { startThread, type Thread } from "./isolate-thread.ts";
import type { IsolateJob, IsolateOutcome } from "./protocol.ts";

/** A thread is replaced after this many runs: it bounds what code leaves behind in the heap and in the cache of bundles. */
const RUNS_PER_THREAD = 500;

type Slot = { thread: Thread; environment: string | undefined; isBusy: boolean; runs: number };

type Waiting = { environment: string; start: (slot: Slot | undefined) => void };

export type IsolatePool = ReturnType<typeof createIsolatePool>;

/**
 * `size` runs at most at a time, further ones wait in order; `memoryMb` caps the heap of each.
 * `run` reports every failure of a function in its outcome, and rejects only when the isolate's own code cannot be built.
 * `close` ends what runs and resolves when all threads are gone.
 */
export const createIsolatePool = ({ size, memoryMb, log }: { size: number; memoryMb: number; log: Logger }) => {
  const building = buildRuntimeCode();
  const slots: Slot[] = []; // least recently used first
  const waiting: Waiting[] = [];
  const stopping = new Set<Promise<void>>();
  let isClosed = false;

  const add = (runtime: RuntimeCode): Slot => {
    const slot: Slot = { thread: startThread({ runtime, memoryMb }), environment: undefined, isBusy: false, runs: 0 };
    slots.push(slot);
    return slot;
  };

  const discard = (slot: Slot): void => {
    slots.splice(slots.indexOf(slot), 1);
    const stopped = slot.thread.stop().finally(() => stopping.delete(stopped));
    stopping.add(stopped);
  };

  const isUnused = ({ environment }: Slot): boolean => environment === undefined;

  const makeRoom = (): void => {
    const bound = slots.filter((slot) => !isUnused(slot));
    const oldestIdle = bound.find((slot) => !slot.isBusy);
    if (bound.length >= size && oldestIdle !== undefined) discard(oldestIdle);
  };

  const dropDead = (): void => {
    for (const slot of slots.filter(({ thread, isBusy }) => !isBusy && !thread.isAlive())) discard(slot);
  };

  const take = (environment: string, runtime: RuntimeCode): Slot | undefined => {
    dropDead();
    if (slots.filter(({ isBusy }) => isBusy).length >= size) return undefined;
    const own = slots.findLast((slot) => slot.environment === environment && !slot.isBusy);
    if (own === undefined) makeRoom();
    const slot = own ?? slots.find(isUnused) ?? add(runtime);
    Object.assign(slot, { environment, isBusy: true, runs: slot.runs + 1 });
    if (!slots.some(isUnused)) add(runtime);
    return slot;
  };

  const acquire = async (environment: string, signal: AbortSignal): Promise<Slot | undefined> => {
    const runtime = await building;
    if (isClosed || signal.aborted) return undefined;
    const slot = waiting.length === 0 ? take(environment, runtime) : undefined;
    if (slot !== undefined) return slot;
    return await new Promise((resolve) => {
      const start = (given: Slot | undefined) => {
        signal.removeEventListener("abort", giveUp);
        resolve(given);
      };
      const entry = { environment, start };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(entry), 1);
        start(undefined);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(entry);
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
    startNext(runtime);
  };

  const run = async (job: IsolateJob): Promise<IsolateOutcome> => {
    const slot = await acquire(String(job.context.environmentId), job.signal);
    if (slot === undefined) return { ok: false, error: abortError() };
    const outcome = await slot.thread.run(job);
    if (!slot.thread.isAlive() && !isClosed) {
      const reason = outcome.ok ? "none" : outcome.error.type;
      log.info({ event: "isolate.ended", run: job.context.runId, reason }, "isolate ended");
    }
    release(slot, await building);
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
