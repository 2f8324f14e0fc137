// What is not ascribed to its caller in the audit log. A new line here is a decision: whatever changes something, by any
// method but GET, is written down unless it is in this list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSources } from "./sources.ts";

const UNAUDITED: Record<string, string[]> = {
  "actions/actions.ts": ["what functions change is ascribed to their runs"],
  "actions/mcp.ts": ["what functions change is ascribed to their runs"],
  "environments/connect-session.ts": ["an invitation ends; nothing is configured"],
  "environments/connect-sessions.ts": ["an invitation; what comes of it is ascribed to the session"],
  "events/judge.ts": ["what came once is handled again; nothing is configured"],
  "events/replay.ts": ["what came once is handled again; nothing is configured"],
  "functions/dryrun.ts": ["a dry run changes nothing"],
  "functions/function-bundles.ts": ["it changes nothing"],
  "functions/function-compile.ts": ["it changes nothing"],
  "functions/function-dryruns.ts": ["a dry run changes nothing"],
  "functions/function-invocations.ts": ["it is always refused"],
  "functions/published-cli.ts": ["it changes nothing"],
  "functions/sync-deploy.ts": ["a preview changes nothing"],
  "integrations/integrations.ts": ["it is always refused"],
  "proxy/proxy.ts": ["it changes nothing here; requests stand in the log"],
  "syncs/records.ts": ["records are data, and an app prunes what it has read"],
  "webhooks/test.ts": ["a test changes nothing"],
  "webhooks/webhooks.ts": [
    "what was said once is said again; nothing is configured",
    "what was said once is said again; nothing is configured",
  ],
};

// Those that show credentials or keys; GET /connections/:id says who reads in the statement that reads.
const AUDITED_READS = [
  "environments/environment-variables.ts",
  "environments/signing-key.ts",
  "integrations/integration.ts",
];

const sources = readSources("src/http/**/*.ts").map(({ file, text }) => ({
  file: file.replace("src/http/", ""),
  text,
}));

test("endpoints that change something are ascribed to their callers, or listed with the reason why not", () => {
  const found = sources
    .map(({ file, text }) => [file, [...text.matchAll(/^\s+unaudited: "(.+)",$/gm)].map((match) => match[1])] as const)
    .filter(([, reasons]) => reasons.length > 0);
  assert.deepEqual(Object.fromEntries(found), UNAUDITED);
});

test("reads that show secrets are ascribed to their callers", () => {
  const found = sources.filter(({ text }) => /^\s+audited: true,$/m.test(text)).map(({ file }) => file);
  assert.deepEqual(found.sort(), AUDITED_READS);
});
