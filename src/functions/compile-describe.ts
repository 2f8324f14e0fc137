// Asking a bundle what it is: run once in an isolate without a connection; what comes back is checked like any input.
import { createHash } from "node:crypto";
import type { z } from "zod";
import { type Declaration, placeOfOption } from "./compile-declaration.ts";
import type { EntryPoint } from "./compile-entries.ts";
import type { Problem } from "./compile-problem.ts";
import { CompiledFunction, FunctionDefinition, functionHash } from "./definition.ts";
import { buildRuntimeCode, type RuntimeCode } from "./isolate-runtime-code.ts";
import { startThread } from "./isolate-thread.ts";
import type { HostCall, RunContext, RunError } from "./protocol.ts";
import type { DescribeProblem, Description } from "./sdk/describe.ts";
import { firstPosition } from "./stack.ts";

const MEMORY_MB = 128;
// Of the processor. A file that waits for what never comes has a minute: on a machine with ten times as much to do, ten seconds
// were too few to start the thread and read an honest one.
const CPU = { betweenCallsMs: 10_000, totalMs: 10_000 };
const TIMEOUT_MS = 60_000;

const NO_CONNECTION: RunContext = {
  variant: "base",
  connectionId: "",
  providerConfigKey: "",
  provider: "",
  environmentName: "",
  environmentId: "",
  syncId: null,
  runId: "describe",
  lastSyncDate: null,
  scriptType: "sync",
  logLevel: "off",
};

const noCalls: HostCall = async (method) => {
  throw new Error(`nango.${method} does not exist while a file is read.`);
};

const thrownAt = (entry: EntryPoint, { message, stack }: RunError): Problem => {
  const positions = stack?.split("\n").map(firstPosition) ?? [];
  const position = positions.find((found) => found?.file.includes("/")); // a package has a name only
  return { level: "error", file: entry.file, ...position, message };
};

/** The definition's names are the engine's; the author wrote `webhookSubscriptions`. */
const asWritten = (path: PropertyKey[]): string[] =>
  path.map((part, index) =>
    index === 0 ? String(part).replace(/_(.)/g, (_, letter) => letter.toUpperCase()) : String(part),
  );

const toDescribed = ({ path, message }: z.core.$ZodIssue): DescribeProblem => {
  const written = asWritten(path);
  return { message: `"${written.join(".")}": ${message}`, path: written };
};

const toFunction = (
  entry: EntryPoint,
  bundle: string,
  { kind, definition, problems }: Description,
  at: Declaration,
) => {
  const wrong = (found: DescribeProblem[]): Described => ({
    problems: found.map(({ message, path = [] }) => ({
      level: "error",
      file: entry.file,
      ...placeOfOption(at, path),
      message,
    })),
  });
  if (definition === null) return wrong(problems);
  const checked = FunctionDefinition.safeParse(definition);
  if (!checked.success) return wrong(checked.error.issues.map(toDescribed));
  const { integration, name } = entry;
  const hash = functionHash(bundle, checked.data);
  const compiled = CompiledFunction.safeParse({ kind, integration, name, bundle, hash, definition: checked.data });
  if (!compiled.success) return wrong(compiled.error.issues.map(toDescribed));
  return { compiled: compiled.data, problems: [] };
};

type Described = { compiled?: CompiledFunction; problems: Problem[] };

export type Describer = Awaited<ReturnType<typeof createDescriber>>;

/**
 * `describe` gives the compiled function, or the problems that keep it from being one, placed by where the text declares it.
 * `close` ends the isolate. Without `made` the isolate's own code is built first, in 0.1 s.
 */
export const createDescriber = async (made?: RuntimeCode) => {
  const runtime = made ?? (await buildRuntimeCode({ withValidator: false }));
  const start = () => startThread({ runtime, memoryMb: MEMORY_MB, cpu: CPU });
  let thread = start();

  const describe = async (
    entry: EntryPoint,
    bundle: string,
    at: Declaration = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Described> => {
    if (!thread.isAlive()) thread = start();
    const outcome = await thread.run({
      bundle,
      hash: createHash("sha256").update(bundle).digest("hex"),
      entry: "describe",
      context: NO_CONNECTION,
      call: noCalls,
      signal,
      timeoutMs: TIMEOUT_MS,
    });
    if (!outcome.ok) return { problems: [thrownAt(entry, outcome.error)] };
    return toFunction(entry, bundle, outcome.value as Description, at);
  };

  return { describe, close: () => thread.stop() };
};
