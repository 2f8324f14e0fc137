// Works jobs off, a few at a time: each attempt of each function is a run of a connection of its own.
import { saveCheckpoint } from "../../db/checkpoints.ts";
import { claimRun, finishRun, type Lease, startRun } from "../../db/runs.ts";
import type { ValidationMode } from "../../functions/protocol.ts";
import { messageOf } from "../words.ts";
import { attempt } from "./attempt.ts";
import { type Engine, RUNS_AT_A_TIME } from "./engine.ts";
import { connect, trigger } from "./install.ts";
import { endOf, type Job } from "./job.ts";
import { nextMode } from "./modes.ts";
import type { Result } from "./result.ts";

export type WorkDeps = {
  engine: Engine;
  validation: ValidationMode;
  onResult: (result: Result) => void;
  signal: AbortSignal;
};

type Connection = { id: number; name: string };

// A sync's run is made and then claimed like any other; an action is held from the start by whoever asks for it.
const startOn = async (engine: Engine, job: Job, connection: Connection): Promise<Lease> => {
  const { kind, name } = job.compiled;
  if (kind !== "sync") return await startRun(engine.pool, { worker: "test", connection: connection.id, kind, name });
  await trigger(engine, job.compiled, connection);
  const lease = await claimRun(engine.pool, { worker: "test" });
  if (lease?.connection_id !== connection.id) throw new Error("Another run was claimed.");
  return lease;
};

// The checkpoint of a fixture is what an earlier run left, so such a run there is.
const startAfterCheckpoint = async (engine: Engine, job: Job, connection: Connection): Promise<Lease> => {
  const earlier = await startOn(engine, job, connection);
  const fence = { run: earlier.id, token: earlier.token };
  await saveCheckpoint(engine.pool, { ...fence, value: job.fixture.checkpoint! });
  await finishRun(engine.pool, fence);
  return await startOn(engine, job, connection);
};

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

// A claim gives whichever run is ready: that it is the one just made is sure only when nobody else makes any meanwhile.
const createTurns = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
};

const start = async (engine: Engine, inTurn: InTurn, job: Job): Promise<Lease> => {
  const name = `test-${job.compiled.name}${job.attempt === 1 ? "" : `-${job.attempt}`}`;
  const connection = { name, id: await connect(engine, job.compiled.integration, name) };
  const begin = job.fixture.checkpoint === undefined ? startOn : startAfterCheckpoint;
  return await inTurn(() => begin(engine, job, connection));
};

const tryJob = async ({ engine, validation, signal }: WorkDeps, inTurn: InTurn, job: Job): Promise<boolean> => {
  for (;;) {
    const { fixture, compiled, mode } = job;
    const lease = await start(engine, inTurn, job);
    const startedAt = performance.now();
    const done = await attempt(engine, { lease, fixture, bundle: compiled.bundle }, { mode, validation, signal });
    job.ms += Math.round(performance.now() - startedAt);
    if (job.attempt === 1) job.problems = done.problems;
    if (done.problems.length === 0) return true;
    const next = signal.aborted ? undefined : nextMode(fixture, mode, done);
    if (next === undefined) return false;
    job.mode = next;
    job.attempt += 1;
  }
};

/** Work on all jobs and tell what came of each; when `signal` fires the rest is left. What fails here fails one job. */
export const workOff = async (deps: WorkDeps, jobs: Job[]): Promise<void> => {
  const waiting = jobs.values();
  const inTurn = createTurns();
  const work = async (): Promise<void> => {
    for (const job of waiting) {
      if (deps.signal.aborted) return;
      const isPassed = await tryJob(deps, inTurn, job).catch((error: unknown) => {
        job.problems = [`The engine could not run it: ${messageOf(error)}`];
        return false;
      });
      if (!deps.signal.aborted) deps.onResult(endOf(job, isPassed));
    }
  };
  await Promise.all(Array.from({ length: RUNS_AT_A_TIME }, work));
};
