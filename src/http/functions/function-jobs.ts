// Deploying and trying out a single text: it is begun, goes on while nobody waits, and whoever asks is told what came of it.
import { z } from "zod";
import { functionJobPlace } from "../../crypto/places.ts";
import { openJson, sealJson } from "../../crypto/seal.ts";
import { beginFunctionJob, endFunctionJob, type FunctionJob, findFunctionJob } from "../../db/function-jobs.ts";
import { AppError, type Code, type Json } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Refusals, translating } from "../validate.ts";

/** On-event functions come with a folder only. */
export const RunnableType = z.enum(["sync", "action"]);

const Status = z.enum(["waiting", "running", "success", "failed"]);

export const JobParams = z.object({ id: z.uuid() });

export const Begun = z.strictObject({ id: z.uuid(), status: Status, created_at: z.string() });

/** What both kinds of job tell. */
export const jobFields = {
  id: z.uuid(),
  status: Status,
  integration_id: z.string(),
  function_type: RunnableType,
  created_at: z.string(),
  updated_at: z.string(),
  started_at: z.string(),
  completed_at: z.string().optional(),
  duration_ms: z.number().int().optional(),
  output: z.string().optional().meta({ description: "What there is to read about it." }),
  error: z.strictObject({ code: z.string(), message: z.string(), payload: z.unknown().optional() }).optional(),
};

export type Outcome = { [key: string]: Json };

type Kind = "deployment" | "dryrun";

type Asked = { kind: Kind; integration: string; name: string | null; type: z.output<typeof RunnableType> };

const REFUSALS: Refusals = { "too many function jobs": "execution_environment_unavailable" };

const UNSEEN: Record<Kind, Code> = { deployment: "deployment_error", dryrun: "dryrun_error" };

/** What the SQL refuses has codes of its own; here it is what is wrong with the function. */
const codeFor = (kind: Kind, { code }: AppError): Code => (code.startsWith("SL") ? UNSEEN[kind] : code);

/** Jobs of one server. A job is two statements beside its work. */
export const functionJobs = ({ db, keys, log }: Pick<HttpDeps, "db" | "keys" | "log">) => {
  const keep = async (environment: number, job: string, isSuccess: boolean, outcome: Outcome): Promise<void> => {
    const key = await keys.ofEnvironment(environment);
    const outcomeSealed = sealJson(key, outcome, functionJobPlace(environment, job));
    await endFunctionJob(db, { environment, job, isSuccess, outcomeSealed });
  };

  const explain = (kind: Kind, error: unknown): Json => {
    if (error instanceof AppError) {
      const { message, payload } = error;
      return { code: codeFor(kind, error), message, ...(payload !== undefined && { payload }) };
    }
    log.error({ event: "function_job.failed", err: error }, "a function could not be deployed or tried out");
    return { code: "server_error", message: "Something failed on our side." };
  };

  const follow = async (environment: number, job: string, kind: Kind, work: () => Promise<Outcome>): Promise<void> => {
    try {
      const failed = (error: unknown): Outcome => ({ error: explain(kind, error) });
      const outcome = await work().catch(failed);
      await keep(environment, job, !("error" in outcome), outcome);
    } catch (err) {
      log.error({ event: "function_job.lost", err }, "what came of a function's job could not be kept");
    }
  };

  /** Begins the work and does not wait for it. An outcome with an `error` is a failure, and so is what it throws. */
  const begin = async (
    environment: number,
    asked: Asked,
    work: () => Promise<Outcome>,
  ): Promise<z.input<typeof Begun>> => {
    const { kind, integration, name, type } = asked;
    const names = { environment, kind, integration, functionName: name, functionType: type };
    const { id, started_at } = await translating(REFUSALS, beginFunctionJob(db, names));
    void follow(environment, id, kind, work);
    return { id, status: "running", created_at: started_at };
  };

  const outcomeOf = async (environment: number, { id, state, outcome_sealed }: FunctionJob): Promise<Outcome> => {
    if (outcome_sealed !== null) {
      const key = await keys.ofEnvironment(environment);
      return openJson(key, outcome_sealed, functionJobPlace(environment, id)) as Outcome;
    }
    if (state === "running") return {};
    return { error: { code: "timeout", message: "The server that worked on it ended, or it took too long." } };
  };

  /** The job of this id as it stands; throws `unknown` when there is none. */
  const find = async (environment: number, kind: Kind, id: string, unknown: Code) => {
    const job = await findFunctionJob(db, { environment, kind, job: id });
    if (job === null) throw new AppError(unknown);
    const { started_at, ended_at } = job;
    const ended = ended_at !== null && {
      completed_at: ended_at,
      duration_ms: Date.parse(ended_at) - Date.parse(started_at),
    };
    const shown = {
      id: job.id,
      status: job.state,
      integration_id: job.integration,
      function_type: job.function_type,
      created_at: started_at,
      updated_at: ended_at ?? started_at,
      started_at,
      ...ended,
    };
    return { job, shown, outcome: await outcomeOf(environment, job) };
  };

  return { begin, find };
};
