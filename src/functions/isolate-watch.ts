// Watches a thread from outside while it works on a run: its memory and its processor time.
// V8's own limit is no help for memory: it does not count buffers, and an array or a map that grows beyond it by more than
// 16 MB at once aborts the whole process. So V8 gets a limit that is out of reach, and the thread is ended from here.
// What no thread can be kept from: one step of V8 that never ends (`indexOf` over a length of 2 ** 53) keeps a core, and the
// process from exiting unless it is killed; one that makes an array of more than 2 ** 27 places (`split` of such a text) aborts
// the process. The server's lease and restart bound the harm; code of strangers wants a process of its own.
import type { Worker } from "node:worker_threads";
import { cpuError, memoryError } from "./isolate-errors.ts";
import type { RunError } from "./protocol.ts";

/** Above 2 GB V8 lets garbage grow to four times what lives; below, to less than twice. */
export const V8_CEILING_MB = 2_000;

/** Processor time of a run: between two calls to the host, and in all. An honest sync of millions of records is far below. */
export const CPU_LIMITS = { betweenCallsMs: 60_000, totalMs: 2 * 60 * 60 * 1000 };

export type CpuLimits = typeof CPU_LIMITS;

const MB = 1024 * 1024;
const BEAT_MS = 50;
const LOOK_MS = 1_000;
const GROWTH_BYTES = 16 * MB; // of the whole process between two looks
const COLLECT_MS = 5_000;
const STUCK_MS = 1_000;
// Garbage beside what lives: twice the cap, and under a small one what V8 lets lie about on a busy machine, where it is collected late.
const LITTER = 2;
const LITTER_MB = 256;

type Look = { heap: number; cpuMs: number };

const cpuMsOf = async (worker: Worker): Promise<number> => {
  const { cpuUsage } = worker as { cpuUsage?: () => Promise<NodeJS.CpuUsage> }; // since Node 24.6
  if (cpuUsage === undefined) return worker.performance.eventLoopUtilization().active;
  const { user, system } = await cpuUsage.call(worker);
  return (user + system) / 1000;
};

/** A thread answers at its next step in JavaScript, not within a long step of native code; rejects when it does not run. */
const lookAt = async (worker: Worker): Promise<Look> => {
  const [stats, cpuMs] = await Promise.all([worker.getHeapStatistics(), cpuMsOf(worker)]);
  return { heap: stats.used_heap_size + stats.external_memory, cpuMs };
};

/**
 * Watch `worker` until `stop`. `end` is called once, with the error of a run that went over a limit: what lives may take
 * `memoryMb`, and garbage beside it `litterMb`. `collect` makes the thread collect its garbage when it next waits. Tell
 * `heard` of each call that the function makes.
 */
export const watchThread = (o: {
  worker: Worker;
  memoryMb: number;
  litterMb?: number | undefined;
  cpu: CpuLimits;
  collect: () => Promise<void>;
  end: (error: RunError) => void;
}) => {
  const cap = o.memoryMb * MB;
  const hard = cap + (o.litterMb ?? Math.max(LITTER * o.memoryMb, LITTER_MB)) * MB;
  let isLooking = false;
  let isHeard = true;
  let isOver = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let collectedAt = Number.NEGATIVE_INFINITY;
  let rssAtLook = 0;
  let cpuMs = 0;
  let cpuMsBefore: number | undefined;
  let cpuMsAtCall = 0;

  const end = (error: RunError): void => {
    if (!isOver) o.end(error);
    isOver = true;
  };

  const judgeCpu = (now: number): void => {
    const used = cpuMs + (isLooking ? now - lookedAt : 0); // what does not answer is at work
    if (used - cpuMsAtCall > o.cpu.betweenCallsMs) end(cpuError(o.cpu.betweenCallsMs, "without a call"));
    else if (used - (cpuMsBefore ?? 0) > o.cpu.totalMs) end(cpuError(o.cpu.totalMs, "in all"));
  };

  const judgeHeap = async (heap: number): Promise<void> => {
    if (heap > hard) return end(memoryError(o.memoryMb));
    if (heap <= cap || performance.now() - collectedAt < COLLECT_MS) return;
    collectedAt = performance.now();
    await o.collect();
    if (isOver || (await lookAt(o.worker)).heap <= cap) return;
    end(memoryError(o.memoryMb));
  };

  const look = async (now: number): Promise<void> => {
    isLooking = true;
    lookedAt = now;
    rssAtLook = process.memoryUsage.rss();
    try {
      const seen = await lookAt(o.worker);
      cpuMs = seen.cpuMs;
      cpuMsBefore ??= cpuMs; // of earlier runs
      if (isHeard) cpuMsAtCall = cpuMs;
      isHeard = false;
      judgeHeap(seen.heap).catch(() => {}); // it has ended meanwhile
    } catch {
      // it has not begun yet, or has ended
    } finally {
      isLooking = false;
    }
  };

  const beat = (): void => {
    const now = performance.now();
    const grown = process.memoryUsage.rss() - rssAtLook;
    if (isLooking && now - lookedAt > STUCK_MS && grown > hard) end(memoryError(o.memoryMb));
    judgeCpu(now);
    if (!isOver && !isLooking && (grown > GROWTH_BYTES || now - lookedAt > LOOK_MS)) look(now);
  };

  const timer = setInterval(beat, BEAT_MS);
  timer.unref();
  return {
    heard: (): void => {
      isHeard = true;
    },
    stop: (): void => {
      isOver = true;
      clearInterval(timer);
    },
  };
};
