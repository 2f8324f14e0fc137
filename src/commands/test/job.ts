// One function with its fixture on its way through the attempts.
import type { CompiledFunction } from "../../functions/definition.ts";
import type { Candidate, Tried } from "../../functions/fixtures/compile.ts";
import { type Fixture, readFixture } from "../../functions/fixtures/fixture.ts";
import { messageOf } from "../words.ts";
import type { Mode } from "./attempt.ts";
import { type Outcome, type Result, resultOf } from "./result.ts";

export type Job = {
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

const LIKE_MOCKS =
  "passed only by the rules of test mocks: refusals are answers, input is not validated, nothing is deleted or read back, " +
  "any id and any checkpoint will do, fixtureProvider is there";

// Of a sync and an action of one name the fixture is that of the one which does what it tells of.
const isOfAnother = ({ kind }: CompiledFunction, { nango, output }: Fixture): boolean => {
  const isOfSync = nango.batchSave !== undefined;
  return kind === "sync" ? !isOfSync && output !== undefined : isOfSync && output === undefined;
};

const toJob = async (candidate: Candidate, compiled: CompiledFunction): Promise<Job | Outcome> => {
  const { integration, name } = candidate.entry;
  const file = `${integration}/tests/${name}.test.json`;
  try {
    const fixture = await readFixture(candidate.fixture!);
    if (isOfAnother(compiled, fixture)) {
      return { status: "skipped", reason: `${file} is not of this ${compiled.kind}.`, ms: 0 };
    }
    const mode = { frozenAt: fixture.clock ?? null, isLikeMocks: false };
    return { candidate, compiled, fixture, mode, attempt: 1, hasCheckpoint: false, problems: [], ms: 0 };
  } catch (error) {
    return { status: "failed", reason: `Its fixture ${file} cannot be read: ${messageOf(error)}`, ms: 0 };
  }
};

/** The jobs of what compiled and has a readable fixture; the rest is told. */
export const readJobs = async (tried: Tried[], onResult: (result: Result) => void): Promise<Job[]> => {
  const jobs: Job[] = [];
  for (const { candidate, compiled, reason } of tried) {
    if (compiled === undefined) onResult(resultOf(candidate, { status: "failed", reason: reason!, ms: 0 }));
    else {
      const job = await toJob(candidate, compiled);
      if ("status" in job) onResult(resultOf(candidate, job, compiled.kind));
      else jobs.push(job);
    }
  }
  return jobs;
};

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

/** The result of a job whose last attempt was made. */
export const endOf = (job: Job, isPassed: boolean): Result => {
  const note = isPassed ? noteOf(job) : undefined;
  const outcome: Outcome = isPassed
    ? { status: "passed", ...(note === undefined ? {} : { note }), ms: job.ms }
    : { status: "failed", reason: job.problems.join("\n"), ms: job.ms };
  return resultOf(job.candidate, outcome, job.compiled.kind);
};
