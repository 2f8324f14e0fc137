// Functions that were bundled elsewhere, by the published command line: each bundle says in an isolate what it is, as one
// of our own compiler does, and from there on they are alike. What is sent beside a bundle does not count, but its version.
import { Semaphore } from "es-toolkit/promise/semaphore";
import { AppError, type FieldError } from "../errors.ts";
import { createDescriber, type Describer } from "./compile-describe.ts";
import type { Problem } from "./compile-problem.ts";
import { type CompiledFunction, withVersion } from "./definition.ts";
import { buildRuntimeCode, type RuntimeCode } from "./isolate-runtime-code.ts";
import { createCompleter } from "./received-bundle.ts";

/** `path` is where it stands in what was sent; an empty `version` leaves it to the bundle. */
export type Received = {
  kind: CompiledFunction["kind"];
  integration: string;
  name: string;
  js: string;
  ts: string;
  version: string;
  path: string[];
};

const FOLDERS = { sync: "syncs", action: "actions", "on-event": "on-events" } as const;
/** 1,000 functions take 2.5 s of processor time; six that never end take all of it. */
const LONGEST_MS = 60_000;
/** Each holds an isolate; further deployments wait their turn. */
const AT_ONCE = 2;

const say = ({ file, line, column, message }: Problem): string =>
  `${line === undefined ? file : `${file}:${line}:${column}`}: ${message}`;

const toFieldErrors = (path: string[], problems: Problem[]): FieldError[] =>
  problems.map((problem) => ({ code: "custom", message: say(problem), path }));

const refusal = (errors: FieldError[]): AppError => {
  const lines = errors.map(({ message }) => `  ${message}`);
  return new AppError("function_compile_failed", `These functions cannot be deployed:\n${lines.join("\n")}`, {
    errors,
  });
};

/**
 * Turns what was sent into compiled functions. Rejects with `function_compile_failed` when one is none, naming each, and
 * when all of it takes longer than a minute; with the signal's reason when that fires.
 */
export const createReceiver = () => {
  const places = new Semaphore(AT_ONCE);
  const complete = createCompleter();
  let runtime: Promise<RuntimeCode> | undefined;

  const build = (): Promise<RuntimeCode> => {
    runtime ??= buildRuntimeCode({ withValidator: false });
    runtime.catch(() => {
      runtime = undefined; // the next deployment tries again
    });
    return runtime;
  };

  const readOne = async (describer: Describer, received: Received, signal: AbortSignal) => {
    const { kind, integration, name, ts } = received;
    const file = `${integration}/${FOLDERS[kind]}/${name}.ts`;
    const wrong = (message: string): Problem[] => [{ level: "error", file, message }];
    let bundle: string;
    try {
      bundle = await complete(received.js);
    } catch (error) {
      return { problems: wrong((error as Error).message) };
    }
    const { compiled, problems } = await describer.describe({ file, integration, name }, bundle, {}, signal);
    if (compiled === undefined) return { problems };
    if (compiled.kind !== kind) return { problems: wrong(`This is a function of kind ${compiled.kind}, not ${kind}.`) };
    return { compiled: { ...withVersion(compiled, received.version), code: ts }, problems: [] };
  };

  const readAll = async (describer: Describer, all: Received[], signal: AbortSignal): Promise<CompiledFunction[]> => {
    const functions: CompiledFunction[] = [];
    const errors: FieldError[] = [];
    for (const received of all) {
      const { compiled, problems } = await readOne(describer, received, signal);
      signal.throwIfAborted();
      if (compiled === undefined) errors.push(...toFieldErrors(received.path, problems));
      else functions.push(compiled);
    }
    if (errors.length > 0) throw refusal(errors);
    return functions;
  };

  return async (all: Received[], closed: AbortSignal): Promise<CompiledFunction[]> => {
    if (all.length === 0) return [];
    await places.acquire();
    const late = new AbortController();
    const reason = new AppError(
      "function_compile_failed",
      `Reading these functions takes more than ${LONGEST_MS / 1000} s.`,
    );
    const timer = setTimeout(() => late.abort(reason), LONGEST_MS);
    let describer: Describer | undefined;
    try {
      closed.throwIfAborted();
      describer = await createDescriber(await build());
      return await readAll(describer, all, AbortSignal.any([closed, late.signal]));
    } finally {
      clearTimeout(timer);
      places.release();
      await describer?.close();
    }
  };
};

export type Receive = ReturnType<typeof createReceiver>;
