// The published command line, unmodified, deploys to a running server, and what it deployed runs there.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { until } from "../helpers/until.ts";
import { NOTES, notesSync } from "./notes.ts";
import { type Ran, startWorld } from "./world.ts";

const EXAMPLE = ["github/syncs/fetchIssues", "github/actions/createIssue", "github/on-events/pre-connection-deletion"];

const EVENT_RUNS = `select f.name, r.state from syncline.runs r join syncline.functions f on f.id = r.function_id
  where r.kind = 'on-event' order by r.id`;

const index = (files: string[]): { "index.ts": string } => ({
  "index.ts": files.map((file) => `import './${file.replace(/\.ts$/, "")}.js';\n`).join(""),
});

const of = (integration: string) => ({ "provider-config-key": integration, "connection-id": "ada" });

const assertRan = ({ out, code }: Ran, expected: number): string => {
  assert.equal(code, expected, out);
  return out;
};

test("the official example and a folder of three functions are deployed, dry-run, changed and reduced", async (t) => {
  const { project, upstream, nango, write, call, query } = await startWorld(t);
  await call("POST", "/integrations", { provider: "local-notes", unique_key: "notes" });
  await call("POST", "/integrations", {
    provider: "github",
    unique_key: "github",
    credentials: { type: "OAUTH2", client_id: "i", client_secret: "s", scopes: "repo" },
  });
  const functions = async (integration: string): Promise<string[]> =>
    (await call("GET", `/integrations/${integration}/functions`)).data.map(
      ({ type, name }: { type: string; name: string }) => `${type} ${name}`,
    );
  const connect = (integration: string, credentials: object) =>
    call("POST", "/connections", { provider_config_key: integration, connection_id: "ada", credentials });
  const texts = async (integration: string, model: string, field: string): Promise<string[]> =>
    (await call("GET", `/records?model=${model}`, undefined, of(integration))).records.map(
      (record: Record<string, unknown>) => record[field],
    );
  const act = (integration: string, name: string, input: unknown) =>
    call("POST", "/action/trigger", { action_name: name, input }, of(integration));

  assertRan(await nango("init", "project", "--copy"), 0);
  await write({ ...NOTES, ...index([...EXAMPLE, ...Object.keys(NOTES)]) });

  const deployed = assertRan(await nango("deploy", "dev"), 0);
  for (const line of [
    /\[Syncs \+2 -0\]/,
    /\+ github → fetchIssues +\(0 impacted connections\)/,
    /\+ notes → notes +\(0 impacted connections\)/,
    /\[Actions \+2 -0\]/,
    /\+ notes → write-note/,
    /\[OnEvents \+2 -0\]/,
    /\+ github → pre-connection-deletion/,
    /Successfully deployed the functions:/,
    /- fetchIssues@v1\.0\.0/,
    /- notes@v1\.0\.0/,
  ])
    assert.match(deployed, line);
  assert.deepEqual(await functions("notes"), ["action write-note", "on-event greet", "sync notes"]);
  await write({ "notes/on-events/greet.ts": "// lost" });
  assertRan(await nango("pull", "notes", "greet", "-e", "dev", "--force"), 0);
  assert.equal(
    await readFile(path.join(project, "notes/on-events/greet.ts"), "utf8"),
    NOTES["notes/on-events/greet.ts"],
  );

  await connect("notes", { type: "API_KEY", apiKey: "ada" });
  await until("the notes are here", async () => (await texts("notes", "Note", "text")).length === 3);
  assert.deepEqual(await texts("notes", "Note", "text"), ["one", "two", "three"]);
  await until("it was greeted", async () => (await call("GET", "/connections/ada?provider_config_key=notes")).metadata);
  assert.deepEqual(await act("notes", "write-note", { text: "four" }), { number: 4 });

  await connect("github", { type: "OAUTH2", access_token: "ada" });
  await until("the issues are here", async () => (await texts("github", "GithubIssue", "repo")).length === 2);
  assert.deepEqual(await texts("github", "GithubIssue", "repo"), ["repo1", "repo2"]);
  const [issue] = (await call("GET", "/records?model=GithubIssue", undefined, of("github"))).records;
  const { _nango_metadata: _, ...input } = issue;
  assert.equal(await act("github", "createIssue", input), null);
  assert.equal(upstream.asked.at(-1), "GET /repos/NangoHQ/interactive-demo/issues");

  const asked = ["-e", "dev", "-c", `{"after":2}`, "--validation", "--save"];
  const dry = assertRan(await nango("dryrun", "notes", "ada", ...asked, "--integration-id", "notes"), 0);
  assert.match(dry, /would produce the following results: \{\s+"updated": 0,\s+"added": 2,\s+"deleted": 0\s+\}/);
  const fixture = JSON.parse(await readFile(path.join(project, "notes/tests/notes.test.json"), "utf8"));
  assert.deepEqual(fixture.nango.batchSave.Note, [
    { id: "3", text: "three" },
    { id: "4", text: "four" },
  ]);
  const example = assertRan(await nango("dryrun", "fetchIssues", "ada", "-e", "dev", "--integration-id", "github"), 0);
  assert.match(example, /"added": 2/);
  assert.equal((await texts("notes", "Note", "text")).length, 3, "a dry run stores nothing");

  const { "notes/actions/write-note.ts": __, ...kept } = NOTES;
  await write({ ...index([...EXAMPLE.slice(1), ...Object.keys(kept)]), "notes/syncs/notes.ts": notesSync("new: ") });
  const plan = assertRan(await nango("deploy", "dev", "--auto-confirm", "--allow-destructive"), 0);
  for (const line of [
    /- github → fetchIssues +\(1 impacted connections\)/,
    /- notes → write-note/,
    /The following models have been removed: GithubIssue/,
    /↳ Syncs +to create \[ 0 \] +to update \[ 1 \] +to delete \[ 1 \]/,
    /↳ Actions +to create \[ 0 \] +to update \[ 0 \] +to delete \[ 1 \]/,
    /↳ OnEvents +to create \[ 0 \] +to update \[ 0 \] +to delete \[ 0 \]/,
  ])
    assert.match(plan, line);
  assert.deepEqual(await functions("notes"), ["on-event greet", "sync notes"]);
  assert.deepEqual(await functions("github"), ["action createIssue", "on-event pre-connection-deletion"]);
  await call("POST", "/sync/trigger", { syncs: ["notes"], provider_config_key: "notes", connection_id: "ada" });
  await until("the new code ran from the checkpoint", async () => (await texts("notes", "Note", "text")).length === 4);
  assert.deepEqual(await texts("notes", "Note", "text"), ["one", "two", "three", "new: four"]);
  await call("DELETE", "/connections/ada?provider_config_key=github");
  assert.deepEqual(await query(EVENT_RUNS), [
    { name: "greet", state: "succeeded" },
    { name: "pre-connection-deletion", state: "succeeded" },
  ]);
});
