// Real processes of ours: started, listened to, killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

const ROOT = path.resolve(import.meta.dirname, "../..");
const LONGEST_WAIT_MS = 60_000;

export type Line = { [field: string]: unknown };

export type TestProcess = {
  pid: number;
  /** Everything it printed so far, on both outputs. */
  output: () => string;
  /** The JSON lines it printed so far. */
  lines: Line[];
  /** The first JSON line, past or to come, that `isIt` accepts. Rejects when the process ends before or after a minute. */
  line: (isIt: (line: Line) => boolean) => Promise<Line>;
  /** End its standard input. */
  end: () => void;
  kill: (signal: NodeJS.Signals) => void;
  /** The exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
  isAlive: () => boolean;
};

const parse = (text: string): Line | undefined => {
  try {
    return text.startsWith("{") ? JSON.parse(text) : undefined;
  } catch {
    return undefined; // the last line of a killed process may be half a line
  }
};

const kept = (names: string[]) => Object.fromEntries(names.map((name) => [name, process.env[name]]));

const exitOf = async (child: ChildProcess): Promise<number | NodeJS.Signals> => {
  const [code, signal] = await once(child, "close");
  return code ?? signal;
};

/** Run `node <args>` in the repository with these variables over an otherwise almost empty environment; killed after the test. */
export const startProcess = (
  t: TestContext,
  { args, env = {} }: { args: string[]; env?: Record<string, string> },
): TestProcess => {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...kept(["PATH", "HOME", "TMPDIR", "NODE_COMPILE_CACHE"]), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  const chunks: string[] = [];
  const lines: Line[] = [];
  const listeners = new Set<(line: Line) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  }
  createInterface(child.stdout).on("line", (text) => {
    const line = parse(text);
    if (line === undefined) return;
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const output = () => chunks.join("");
  const exited = exitOf(child);
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });

  const line = (isIt: (line: Line) => boolean): Promise<Line> =>
    new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${args.join(" ")} ${why}:\n${output().slice(-2000)}`));
      const timer = setTimeout(() => fail("did not say what was waited for"), LONGEST_WAIT_MS);
      const listener = (found: Line): void => {
        if (!isIt(found)) return;
        clearTimeout(timer);
        listeners.delete(listener);
        resolve(found);
      };
      listeners.add(listener);
      exited.then((how) => {
        clearTimeout(timer);
        fail(`ended with ${how}`);
      });
      lines.forEach(listener);
    });

  return {
    pid: child.pid!,
    output,
    lines,
    line,
    end: () => child.stdin.end(),
    kill: (signal) => child.kill(signal),
    exited,
    isAlive,
  };
};

/** `syncline start` with these settings; resolves when it is ready. */
export const startSyncline = async (t: TestContext, env: Record<string, string>): Promise<TestProcess> => {
  const started = startProcess(t, { args: ["src/cli.ts", "start"], env: { PORT: "0", LOG_LEVEL: "info", ...env } });
  await started.line(({ event }) => event === "server.started");
  return started;
};
