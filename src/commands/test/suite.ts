// All functions of a folder against their fixtures: compiled, deployed in parts, run a few at a time.
import type { Candidate } from "../../functions/fixtures/compile.ts";
import { compileCandidates, findCandidates } from "../../functions/fixtures/compile.ts";
import { type Engine, RUNS_AT_A_TIME } from "./engine.ts";
import { createDeployer } from "./install.ts";
import { type Job, readJobs } from "./job.ts";
import { resultOf } from "./result.ts";
import { type WorkDeps, workOff } from "./work.ts";

const FUNCTIONS_PER_PART = 25 * RUNS_AT_A_TIME; // their fixtures are in memory at once

type Deploy = ReturnType<typeof createDeployer>;

const testPart = async (deps: WorkDeps, deploy: Deploy, jobs: Job[]): Promise<void> => {
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

const isTestable = ({ fixture }: Candidate): boolean => fixture !== null;

/** Test the functions of a folder; each result is told as soon as it is known. `warn` gets what is wrong besides. */
export const testFolder = async (
  dir: string,
  o: Omit<WorkDeps, "engine"> & {
    filter: string | undefined;
    engine: Promise<Engine>;
    warn: (text: string) => void;
  },
): Promise<void> => {
  const { candidates, problems } = await findCandidates(dir, o.filter);
  for (const problem of problems) o.warn(problem);
  for (const one of candidates.filter((candidate) => !isTestable(candidate))) {
    o.onResult(resultOf(one, { status: "skipped", reason: `There is no tests/${one.entry.name}.test.json.`, ms: 0 }));
  }
  const tried = await compileCandidates(dir, candidates.filter(isTestable));
  const engine = await o.engine;
  const deploy = createDeployer(engine);
  for (let from = 0; from < tried.length && !o.signal.aborted; from += FUNCTIONS_PER_PART) {
    const jobs = await readJobs(tried.slice(from, from + FUNCTIONS_PER_PART), o.onResult);
    await testPart({ ...o, engine }, deploy, jobs);
  }
};
