// For tests of functions: a pool of isolates that ends with the test file, a host that records what it was asked, bundles from text.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, type TestContext } from "node:test";
import { transform } from "esbuild";
import { createIsolatePool } from "../../src/functions/isolate-pool.ts";
import type { CpuLimits } from "../../src/functions/isolate-watch.ts";
import type { IsolateJob, RunContext } from "../../src/functions/protocol.ts";
import { createLogger } from "../../src/log.ts";

export const context: RunContext = {
  variant: "base",
  connectionId: "customer-1",
  providerConfigKey: "acme-eu",
  provider: "acme",
  environmentName: "dev",
  environmentId: 1,
  syncId: "7",
  runId: "70",
  lastSyncDate: null,
  scriptType: "sync",
  logLevel: "debug",
};

/** The bundle of a whole file. */
export const bundleFile = async (source: string): Promise<{ bundle: string; hash: string }> => {
  const options = { loader: "ts", format: "cjs", sourcemap: "inline", sourcefile: "acme/syncs/rows.ts" } as const;
  const { code: bundle } = await transform(source, options);
  return { bundle, hash: createHash("sha256").update(bundle).digest("hex") };
};

/** A file with one sync whose exec has this body; the body starts on line 4. */
export const syncFile = (body: string): string => `import { createSync } from "syncline";
import * as zod from "zod";
export default createSync({ description: "d", frequency: "every hour", models: {}, exec: async (nango) => {
${body}
}, onWebhook: async (nango, payload) => { await nango.log("hook", payload); } });
`;

type Answers = Record<string, (...args: never[]) => unknown>;

/** Answers `true` where nothing else is given, and remembers every call. */
export const recordingHost = (answers: Answers = {}) => {
  const calls: [string, ...unknown[]][] = [];
  const call = async (method: string, args: unknown[]): Promise<unknown> => {
    calls.push([method, ...args]);
    const answer = answers[method];
    return answer === undefined ? true : answer(...(args as never[]));
  };
  return { call, calls };
};

/** A pool for the whole test file. */
export const poolForFile = (size = 2, memoryMb = 64, limits: { litterMb?: number; cpu?: CpuLimits } = {}) => {
  const pool = createIsolatePool({ size, memoryMb, ...limits, log: createLogger("silent") });
  after(() => pool.close());

  const run = async (source: string, job: Partial<IsolateJob> = {}) => {
    const { bundle, hash } = await bundleFile(source);
    const defaults = { entry: "exec", context, call: recordingHost().call, timeoutMs: 60_000 } as const;
    return await pool.run({ ...defaults, bundle, hash, signal: new AbortController().signal, ...job });
  };

  /** Run an exec with this body. */
  const runBody = (body: string, job: Partial<IsolateJob> = {}) => run(syncFile(body), job);
  return { pool, run, runBody };
};

/** A folder with these files that is gone after the test. */
export const folder = async (t: TestContext, files: Record<string, string>): Promise<string> => {
  const dir = await mkdtemp(path.join(os.tmpdir(), "syncline-functions-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  }
  return dir;
};
