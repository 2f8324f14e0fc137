// A project of all our functions for real APIs, each with what its API answered, as a user would have it.
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";

const ROOT = path.resolve(import.meta.dirname, "../..");
const TEMPLATES = path.join(ROOT, "src/templates");
const RECORDINGS = path.resolve(ROOT, "../shared/fixtures");

type Recording = {
  nango: Record<string, unknown>;
  api: Record<string, Record<string, { request?: { data?: unknown }; hash?: string }>>;
  clock?: string;
  connection?: unknown;
};

const FIRST_DAYS_OF_OUTLOOK = 30;

// What the recordings do not hold. Of a long GraphQL query they hold a digest, and ours is another text for the same: an
// entry without a body answers any. QuickBooks' company stands in the path alone, Outlook's time in a filter alone.
const COMPLETIONS: { [name: string]: (recording: Recording) => void } = {
  "linear/issues": ({ api }) => forgetBody(api),
  "linear/teams": ({ api }) => forgetBody(api),
  "quickbooks/vendors": (recording) => {
    const [, realmId] = /company\/(\d+)/.exec(Object.keys(recording.api.get!)[0]!)!;
    recording.connection = { connection_config: { realmId } };
  },
  "outlook/messages": (recording) => {
    const [since] = /(?<=receivedDateTime ge )[\dT:.-]+Z/.exec(JSON.stringify(recording.api))!;
    recording.clock = new Date(Date.parse(since) + FIRST_DAYS_OF_OUTLOOK * 86_400_000).toISOString();
  },
};

const forgetBody = (api: Recording["api"]): void => {
  const entry = api.post!["/graphql"]!;
  delete entry.request!.data;
  delete entry.hash;
};

/** The folder, removed after the test, and the names of its functions that have a fixture, such as `github/issues`. */
export const recordedProject = (t: TestContext): { dir: string; names: string[] } => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "syncline-recorded-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  cpSync(TEMPLATES, dir, { recursive: true });
  symlinkSync(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"));
  const names = globSync("*/*.test.json", { cwd: RECORDINGS })
    .map((file) => file.replace(/\.test\.json$/, ""))
    .sort();
  for (const name of names) {
    const recording = JSON.parse(readFileSync(path.join(RECORDINGS, `${name}.test.json`), "utf8")) as Recording;
    COMPLETIONS[name]?.(recording);
    const tests = path.join(dir, path.dirname(name), "tests");
    mkdirSync(tests, { recursive: true });
    writeFileSync(path.join(tests, `${path.basename(name)}.test.json`), JSON.stringify(recording));
  }
  return { dir, names: [...names, "acme/contacts", "acme/create-contact"] };
};
