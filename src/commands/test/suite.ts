// All functions of a folder against their fixtures: compiled and deployed in parts, then run a few at a time.
import { saveCheckpoint } from "../../db/checkpoints.ts";
import { claimRun, finishRun, type Lease } from "../../db/runs.ts";
import type { CompiledFunction } from "../../functions/definition.ts";
import { type Candidate, compileCandidates, findCandidates, type Tried } from "../../functions/fixtures/compile.ts";
import { type Fixture, readFixture } from "../../functions/fixtures/fixture.ts";
import type { ValidationMode } from "../../functions/protocol.ts";
import { attemptSync, type Mode } from "./attempt.ts";
import { type Engine, RUNS_AT_A_TIME } from "./engine.ts";
import { connect, createDeployer, trigger } from "./install.ts";
import { nextMode } from "./modes.ts";

export type Result = {
  integration: string;
  name: string;
  kind: string;
  status: "passed" | "failed" | "skipped";
  reason?: string;
  note?: string;
  ms: number;
};

type Job = {
  candidate: Candidate;
  compiled: CompiledFunction;
  fixture: Fixture;
  /** Of the attempt that is under way, which is the `attempt`th. */
  mode: Mode;
  attempt: number;
  hasCheckpoint: boolean;
  /** What was wrong the first time. */
  problems: string[];
  ms: number;
};

const FUNCTIONS_PER_PART = 100; // their fixtures are in memory at once

type Deps = { engine: Engine; validation: ValidationMode; onResult: (result: Result) => void; signal: AbortSignal };

const KINDS: Record<string, string> = { syncs: "sync", actions: "action", "on-events": "on-event" };

const kindOf = ({ entry: { file } }: Candidate): string => KINDS[file.split("/").at(-2) ?? ""] ?? "sync";

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const resultOf = (candidate: Candidate, rest: Omit<Result, "integration" | "name" | "kind">, kind?: string): Result => {
  const { integration, name } = candidate.entry;
  return { integration, name, kind: kind ?? kindOf(candidate), ...rest };
};

const ready = async (engine: Engine, jobs: Map<number, Job>, job: Job): Promise<void> => {
  const name = `test-${job.compiled.name}${job.attempt === 1 ? "" : `-${job.attempt}`}`;
  const id = await connect(engine, job.compiled.integration, name);
  jobs.set(id, job);
  await trigger(engine, job.compiled, { id, name });
};

// The checkpoint of a fixture is what an earlier run left, so such a run there is.
const runBefore = async (engine: Engine, lease: Lease, job: Job): Promise<void> => {
  const fence = { run: lease.id, token: lease.token };
  await saveCheckpoint(engine.pool, { ...fence, value: job.fixture.checkpoint! });
  await finishRun(engine.pool, fence);
  job.hasCheckpoint = true;
  await trigger(engine, job.compiled, { id: lease.connection_id, name: lease.connection_name });
};

const LIKE_MOCKS =
  "passed only by the rules of test mocks: refusals are answers, input is not validated, trackDeletes deletes nothing, " +
  "empty fields of a checkpoint are dropped, fixtureProvider is there";

const noteOf = ({ fixture, mode: { frozenAt, isLikeMocks } }: Job): string | undefined => {
  const isGuessed = frozenAt !== (fixture.clock ?? null);
  const notes = [
    ...(isGuessed
      ? [`passed only at ${new Date(frozenAt!).toISOString()}, told from the recording: give it as "clock"`]
      : []),
    ...(isLikeMocks ? [LIKE_MOCKS] : []),
  ];
  return notes.length === 0 ? undefined : notes.join("\n");
};

const tell = ({ onResult }: Deps, job: Job, isPassed: boolean): void => {
  const note = isPassed ? noteOf(job) : undefined;
  const outcome = isPassed
    ? { status: "passed" as const }
    : { status: "failed" as const, reason: job.problems.join("\n") };
  const rest = { ...outcome, ...(note === undefined ? {} : { note }), ms: job.ms };
  onResult(resultOf(job.candidate, rest, job.compiled.kind));
};

const runJob = async (deps: Deps, jobs: Map<number, Job>, lease: Lease): Promise<void> => {
  const { engine, validation, signal } = deps;
  const job = jobs.get(lease.connection_id)!;
  const { compiled, fixture, mode } = job;
  if (fixture.checkpoint !== undefined && !job.hasCheckpoint) return await runBefore(engine, lease, job);
  const startedAt = performance.now();
  const attempt = await attemptSync(engine, { lease, fixture, bundle: compiled.bundle }, { mode, validation, signal });
  job.ms += Math.round(performance.now() - startedAt);
  if (signal.aborted) return;
  if (job.attempt === 1) job.problems = attempt.problems;
  const next = attempt.problems.length === 0 ? undefined : nextMode(fixture, mode, attempt);
  if (next === undefined) return tell(deps, job, attempt.problems.length === 0);
  Object.assign(job, { mode: next, attempt: job.attempt + 1, hasCheckpoint: false });
  await ready(engine, jobs, job);
};

// Whichever run a worker is given, there is one for each that was made, and one more for each attempt that is repeated.
const workOff = async (deps: Deps, jobs: Job[]): Promise<void> => {
  const { engine, signal } = deps;
  const byConnection = new Map<number, Job>();
  const waiting = jobs.values();
  const workOnOne = async (worker: string): Promise<boolean> => {
    const lease = await claimRun(engine.pool, { worker });
    if (lease !== undefined) await runJob(deps, byConnection, lease);
    return lease !== undefined;
  };
  const work = async (worker: string): Promise<void> => {
    for (const job of waiting) {
      if (signal.aborted) return;
      await ready(engine, byConnection, job);
      await workOnOne(worker);
    }
    while (!signal.aborted && (await workOnOne(worker)));
  };
  await Promise.all(Array.from({ length: RUNS_AT_A_TIME }, (_, at) => work(`test ${at}`)));
};

const readJob = async (candidate: Candidate, compiled: CompiledFunction): Promise<Job | string> => {
  try {
    const fixture = await readFixture(candidate.fixture!);
    const mode = { frozenAt: fixture.clock ?? null, isLikeMocks: false };
    return { candidate, compiled, fixture, mode, attempt: 1, hasCheckpoint: false, problems: [], ms: 0 };
  } catch (error) {
    return `Its fixture ${candidate.entry.integration}/tests/${candidate.entry.name}.test.json cannot be read: ${messageOf(error)}`;
  }
};

const readJobs = async (tried: Tried[], onResult: Deps["onResult"]): Promise<Job[]> => {
  const jobs: Job[] = [];
  for (const { candidate, compiled, reason } of tried) {
    const job = compiled === undefined ? reason! : await readJob(candidate, compiled);
    if (typeof job === "string") onResult(resultOf(candidate, { status: "failed", reason: job, ms: 0 }));
    else jobs.push(job);
  }
  return jobs;
};

const testPart = async (deps: Deps, deploy: ReturnType<typeof createDeployer>, jobs: Job[]): Promise<void> => {
  const refused = await deploy(jobs.map(({ compiled }) => compiled));
  for (const { candidate, compiled } of jobs) {
    const reason = refused.get(compiled);
    if (reason !== undefined) deps.onResult(resultOf(candidate, { status: "failed", reason, ms: 0 }, compiled.kind));
  }
  await workOff(
    deps,
    jobs.filter(({ compiled }) => !refused.has(compiled)),
  );
};

/** Test the functions of a folder; each result is told as soon as it is known. `warn` gets what is wrong besides. */
export const testFolder = async (
  dir: string,
  o: {
    filter: string | undefined;
    validation: ValidationMode;
    engine: Promise<Engine>;
    onResult: (result: Result) => void;
    warn: (text: string) => void;
    signal: AbortSignal;
  },
): Promise<void> => {
  const { candidates, problems } = await findCandidates(dir, o.filter);
  for (const problem of problems) o.warn(problem);
  for (const one of candidates.filter(({ fixture }) => fixture === null)) {
    o.onResult(resultOf(one, { status: "skipped", reason: `There is no tests/${one.entry.name}.test.json.`, ms: 0 }));
  }
  const tried = await compileCandidates(
    dir,
    candidates.filter(({ fixture }) => fixture !== null),
  );
  const engine = await o.engine;
  const deploy = createDeployer(engine);
  for (let from = 0; from < tried.length && !o.signal.aborted; from += FUNCTIONS_PER_PART) {
    const jobs = await readJobs(tried.slice(from, from + FUNCTIONS_PER_PART), o.onResult);
    await testPart({ ...o, engine }, deploy, jobs);
  }
};
