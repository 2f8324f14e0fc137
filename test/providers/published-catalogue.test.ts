// Promise: whoever has the published catalogue uses all of it: every entry loads, and what is not done for one is said.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { unfilledNames } from "../../src/providers/notes.ts";
import { ruleOf } from "../../src/providers/webhook/rules.ts";
import { figures } from "../helpers/figures.ts";

const PUBLISHED = 1013; // entries of @nangohq/providers 0.71.10, 69 of them aliases

// Requests to these are signed over the request itself, by functions of the published catalogue's own.
const SIGNED_OVER_THE_REQUEST: Record<string, string[]> = {
  "aws-iam": ["awsSigV4()"],
  "aws-inspector2": ["awsSigV4()"],
  "aws-multi-service": ["awsSigV4()"],
  "cisco-duo-admin": ["method", "host", "path", "params"],
  "streamline-ai": ["bodyCanonicalParams", "ed25519Sign()"],
  avanan: ["endpoint"],
};

const started = performance.now();
const catalogue = loadCatalogue({ files: ["@nangohq/providers"] });
const startMs = performance.now() - started;

const file = path.join(createRequire(import.meta.url).resolve("@nangohq/providers"), "../../providers.yaml");
const names = [...readFileSync(file, "utf8").matchAll(/^([\w-]+):$/gm)].map(([, name]) => name!);

test("every entry of the published catalogue loads, and a start does not wait for it", async (t) => {
  const checked = performance.now();
  const problems = await catalogue.check();
  const checkMs = Math.round(performance.now() - checked);
  assert.equal(names.length, PUBLISHED);
  assert.deepEqual(problems, []);
  const loaded = names.filter((name) => catalogue.get(name) !== undefined);
  assert.equal(loaded.length, PUBLISHED);
  const noted = loaded.filter((name) => catalogue.notes(name).length > 0);
  figures(t, { loaded: loaded.length, of: PUBLISHED, withNotes: noted.length, startMs: Math.round(startMs), checkMs });
});

test("templates of published entries use names that are filled here, but for those that sign the request itself", () => {
  const found = Object.fromEntries(
    names.flatMap((name) => {
      const unfilled = new Set(unfilledNames(catalogue.get(name)!).map((one) => one.name));
      return unfilled.size === 0 ? [] : [[name, [...unfilled]]];
    }),
  );
  assert.deepEqual(found, SIGNED_OVER_THE_REQUEST);
});

test("an entry of ours that the file replaces keeps what only ours says", () => {
  const jira = catalogue.get("jira")!;
  assert.equal(jira.post_connection_script, "jiraPostConnection");
  assert.ok(ruleOf(jira));
  assert.equal(catalogue.get("slack")?.proxy?.retry?.limit_paths, "each");
});
