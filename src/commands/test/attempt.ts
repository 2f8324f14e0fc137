// One run of a function on recorded answers, by the code that works on every run; and what it left.
import { readPage } from "../../db/read-page.ts";
import type { Lease } from "../../db/runs.ts";
import { actionProblems, besideStored, syncProblems, type Written } from "../../functions/fixtures/compare.ts";
import { firstFew } from "../../functions/fixtures/difference.ts";
import type { Fixture, Row } from "../../functions/fixtures/fixture.ts";
import { createReplay, type Replay } from "../../functions/fixtures/replay.ts";
import { anyCheckpoint, createToldHost } from "../../functions/fixtures/told.ts";
import type { IsolateJob, IsolateOutcome, RunError, ValidationMode } from "../../functions/protocol.ts";
import { workOnRun } from "../../runs/work-on-run.ts";
import type { Engine } from "./engine.ts";

const WALL_LIMIT_MS = 30_000;
const ROWS_PER_PAGE = 5_000;
const MOST_STRANGERS = 3;
const MOST_FRAMES = 3;
const LONGEST_BODY = 300;

/** How a run goes: at which time (null: now), and whether by the rules of test mocks. */
export type Mode = { frozenAt: string | number | null; isLikeMocks: boolean };

/**
 * `problems` is empty when the run did what the fixture says. `beside` are texts that should be the same and are not;
 * `isEndless` when the run had to be ended.
 */
export type Attempt = { problems: string[]; beside: { recorded: string; got: string }[]; isEndless: boolean };

type Settled = { state: "succeeded" | "failed"; error?: RunError };

type Live = Row & { _nango_metadata: { last_action: string } };

const liveRecords = async (engine: Engine, connection: number, model: string): Promise<Row[]> => {
  const read = readPage({ db: engine.pool, keys: engine.keys });
  const rows: Row[] = [];
  for (let cursor: string | undefined, isEnd = false; !isEnd; ) {
    const { body } = await read({ connection, model, variant: "base", cursor, limit: ROWS_PER_PAGE });
    const page = JSON.parse(body) as { records: Live[]; next_cursor: string | null };
    for (const row of page.records) if (row._nango_metadata.last_action !== "DELETED") rows.push(row);
    cursor = page.next_cursor ?? undefined;
    isEnd = cursor === undefined;
  }
  return rows;
};

const storedBy = async (engine: Engine, lease: Lease, { nango }: Fixture): Promise<Map<string, Row[]>> => {
  const models = new Set([
    ...lease.models,
    ...Object.keys(nango.batchSave ?? {}),
    ...Object.keys(nango.batchDelete ?? {}),
  ]);
  const stored = new Map<string, Row[]>();
  for (const model of models) stored.set(model, await liveRecords(engine, lease.connection_id, model));
  return stored;
};

// What the run's log says last is how it ended: the same words an operator would read.
const createEnd = () => {
  let settled: Settled = { state: "failed", error: { type: "script_internal_error", message: "It did not end." } };
  const write = (line: { kind: string; message: string; detail?: unknown }): void => {
    if (line.kind !== "run") return;
    if (line.message === "succeeded") settled = { state: "succeeded" };
    else if (line.message.startsWith("failed")) settled = { state: "failed", error: line.detail as RunError };
    else if (line.message.startsWith("interrupted")) {
      settled = { state: "failed", error: { type: "execution_interrupted", message: "It was interrupted." } };
    }
  };
  return { logs: { write, flush: async () => {} }, settled: () => settled };
};

const errorText = ({ type, message, stack, payload }: RunError): string => {
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const place = frames.length === 0 ? "" : `\n${firstFew(frames, MOST_FRAMES).join("\n")}`;
  const body = type === "script_http_error" ? `: ${JSON.stringify(payload)?.slice(0, LONGEST_BODY)}` : "";
  return `It failed: ${message}${body}${place}`;
};

const failureOf = ({ error }: Settled, replay: Replay): string[] => {
  const message = error!.type === "execution_timeout" ? `It took longer than ${WALL_LIMIT_MS / 1000} s.` : null;
  const known = replay.strangers.filter(({ says }) => !error!.message.includes(says));
  return [
    message ?? errorText(error!),
    ...firstFew(
      known.map(({ says }) => `No mock found for ${says}`),
      MOST_STRANGERS,
    ),
  ];
};

const problemsOf = async (engine: Engine, { lease, fixture }: Work, left: { written: Written[]; output: unknown }) => {
  if (lease.kind === "action") return { problems: actionProblems(fixture, left.output), beside: [] };
  if (lease.kind !== "sync") return { problems: [], beside: [] };
  const stored = await storedBy(engine, lease, fixture);
  const problems = syncProblems(fixture, { stored, written: left.written });
  return { problems, beside: problems.length === 0 ? [] : besideStored(fixture, stored) };
};

type Work = { lease: Lease; fixture: Fixture; bundle: string };

/** Run the function of a claimed run on the fixture and compare. Rejects only when the engine itself fails. */
export const attempt = async (
  engine: Engine,
  work: Work,
  { mode, validation, signal }: { mode: Mode; validation: ValidationMode; signal: AbortSignal },
): Promise<Attempt> => {
  const { lease, fixture, bundle } = work;
  const { isLikeMocks, frozenAt } = mode;
  const replay = createReplay(fixture, { returnsRefusals: isLikeMocks });
  const told = createToldHost(fixture, { isLikeMocks, replay, ...(isLikeMocks && { more: anyCheckpoint(fixture) }) });
  const end = createEnd();
  let output: unknown;
  const runIsolate = async (job: IsolateJob): Promise<IsolateOutcome> => {
    const { provider_config_key: provider } = lease;
    const context = { ...job.context, provider, virtualTime: { frozenAt }, validation, isLikeMocks };
    const call = told.over(job.call);
    const outcome = await engine.isolates.run({
      ...job,
      payload: fixture.input,
      context,
      call,
      timeoutMs: WALL_LIMIT_MS,
    });
    if (outcome.ok) output = outcome.value;
    return outcome;
  };
  const workOn = workOnRun({
    ...engine,
    send: replay.send,
    runIsolate,
    bundleOf: async () => bundle,
    logs: end.logs,
    onWebhooks: () => {},
    bell: () => {},
  });
  await workOn(lease, signal);
  const settled = end.settled();
  const beside = replay.strangers.flatMap((stranger) => stranger.beside);
  if (settled.state === "failed") {
    return { problems: failureOf(settled, replay), beside, isEndless: settled.error!.type === "execution_timeout" };
  }
  const found = await problemsOf(engine, work, { written: told.written, output });
  if (found.problems.length === 0) return { ...found, isEndless: false };
  const strangers = replay.strangers.map(({ says }) => `No mock found for ${says}`);
  return {
    problems: [...found.problems, ...firstFew(strangers, MOST_STRANGERS)],
    beside: [...beside, ...found.beside],
    isEndless: false,
  };
};
