// Promise: every entry loads or is named with the reason, and the providers that must exist do.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { requestUrl } from "../../src/outbound/url.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { Credentials } from "../../src/providers/credentials.ts";
import type { ProviderPaginate } from "../../src/providers/schema.ts";

const ALWAYS = [
  ...[
    "acme",
    "acme-oauth2",
    "airtable",
    "asana",
    "attio",
    "bamboohr",
    "dropbox",
    "github",
    "gitlab",
    "google-calendar",
  ],
  ...["hubspot", "jira", "linear", "notion", "outlook", "private-api-basic", "private-api-bearer", "quickbooks"],
  ...["salesforce", "slack", "stripe-app", "unauthenticated", "workable", "xero", "zendesk"],
];

// Those whose lists a function may ask for without saying how they are paged, as the published catalogue has them.
const PAGINATED = [
  ...["aircall", "aircall-basic", "asana", "brightcrowd", "cal-com-v2", "calendly", "certn"],
  ...["certn-partner", "confluence", "exact-online", "exist", "front", "github", "google"],
  ...[
    "google-ads",
    "google-analytics",
    "google-bigquery",
    "google-calendar",
    "google-contacts",
    "google-docs",
    "google-sheet",
  ],
  ...["greenhouse", "greenhouse-basic", "hubspot", "jira", "manatal", "notion", "okta"],
  ...[
    "okta-cc",
    "pipedrive",
    "planning-center-online",
    "planning-center-online-pat",
    "rock-gym-pro",
    "slack",
    "tripletex",
  ],
  ...["whoop", "youtube", "zendesk", "zoho", "zoho-crm", "zoom"],
];

const isComplete = (settings: ProviderPaginate): boolean => {
  switch (settings.type) {
    case "cursor":
      return !!settings.cursor_name_in_request && !!settings.cursor_path_in_response;
    case "link":
      return !!settings.link_rel_in_response_header || !!settings.link_path_in_response_body;
    case "offset":
      return !!settings.offset_name_in_request;
    default:
      return false;
  }
};

const fileWith = (t: TestContext, content: string): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "catalogue-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "providers.json");
  writeFileSync(file, content);
  return file;
};

test("the providers that must exist do, without a problem", () => {
  const catalogue = loadCatalogue({ files: [] });
  assert.deepEqual(catalogue.problems, []);
  const names = catalogue.list().map(({ name }) => name);
  assert.deepEqual(names, [...names].sort());
  for (const name of ALWAYS) assert.ok(catalogue.get(name), name);
  assert.equal(catalogue.get("toString"), undefined);
});

test("every entry makes a URL once its connection fields are filled", () => {
  for (const { name, provider } of loadCatalogue({ files: [] }).list()) {
    const fields = Object.entries(provider.connection_config ?? {}).map(([key, field]) => [key, field.example ?? "x"]);
    const target = {
      provider,
      credentials: { type: "API_KEY", apiKey: "k" } as const,
      connectionConfig: Object.fromEntries(fields),
      metadata: {},
    };
    const url = requestUrl({ method: "GET", endpoint: "/path" }, target);
    assert.match(url.href, /^https?:\/\/[a-z0-9.:-]+\/.*path$/, name);
    if (provider.auth_mode === "OAUTH2") assert.ok(provider.authorization_url && provider.token_url, name);
  }
});

test("the providers with pagination defaults have all that their kind needs; others have none to mix with a function's own", () => {
  const paginated = loadCatalogue({ files: [] })
    .list()
    .filter(({ provider }) => provider.proxy?.paginate !== undefined);
  assert.deepEqual(
    paginated.map(({ name }) => name),
    PAGINATED,
  );
  for (const { name, provider } of paginated) assert.ok(isComplete(provider.proxy!.paginate!), name);
});

test("a file adds to the catalogue, its later entries win, and wrong ones are named with the reason", (t) => {
  const good = {
    display_name: "Good",
    auth_mode: "API_KEY",
    proxy: { base_url: "https://a.example" },
    future: { x: 1 },
  };
  const entries = {
    good,
    github: { ...good, display_name: "Our GitHub" },
    child: { alias: "good", display_name: "Child", proxy: { headers: { a: "b" } } },
    nameless: { auth_mode: "API_KEY" },
    odd: { ...good, auth_mode: "MAGIC" },
    retry: { ...good, proxy: { retry: { error_code: ["often"] } } },
    orphan: { alias: "nobody" },
    loop: { alias: "pool" },
    pool: { alias: "loop" },
    "bad name": good,
    text: "no object",
  };
  const file = fileWith(t, JSON.stringify(entries));
  const catalogue = loadCatalogue({ files: [file] });
  assert.equal(catalogue.get("good")?.display_name, "Good");
  assert.deepEqual(catalogue.get("good")?.future, { x: 1 });
  assert.equal(catalogue.get("github")?.display_name, "Our GitHub");
  assert.deepEqual(catalogue.get("child")?.proxy, { base_url: "https://a.example", headers: { a: "b" } });
  assert.equal(catalogue.get("child")?.display_name, "Child");
  const reasons = new Map(catalogue.problems.map((problem) => [problem.name, problem.reason]));
  assert.deepEqual([...reasons.keys()].sort(), [
    "bad name",
    "loop",
    "nameless",
    "odd",
    "orphan",
    "pool",
    "retry",
    "text",
  ]);
  assert.match(reasons.get("nameless")!, /display_name/);
  assert.match(reasons.get("odd")!, /auth_mode/);
  assert.match(reasons.get("retry")!, /proxy\.retry\.error_code.*5xx/);
  assert.match(reasons.get("orphan")!, /nobody/);
  assert.match(reasons.get("loop")!, /itself/);
  assert.ok(catalogue.problems.every((problem) => problem.file === file));
});

test("YAML, folders and packages are read too; a mistake in one entry costs that entry alone", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "catalogue-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const yaml = [
    "# entries",
    "one:",
    "  display_name: One",
    "  auth_mode: NONE",
    "'two':",
    "  display_name: |",
    "    Two",
    "  auth_mode: NONE # said",
    "broken:",
    "  display_name: [",
    "child:",
    "  alias: one",
  ];
  const shared = "base: &base\n  display_name: B\n  auth_mode: NONE\nother: *base\n";
  write("folder/a.yaml", yaml.join("\n"));
  write("folder/b.yml", shared);
  write("folder/single.json", JSON.stringify({ display_name: "Single", auth_mode: "NONE" }));
  write("folder/readme.md", "no entry");
  const catalogue = loadCatalogue({ files: [path.join(folder, "folder")] });
  const titles = ["one", "two", "child", "base", "other", "single"].map((name) => catalogue.get(name)?.display_name);
  assert.deepEqual(titles, ["One", "Two\n", "One", "B", "B", "Single"]);
  assert.deepEqual(
    catalogue.problems.map(({ name }) => name),
    ["broken"],
  );
  const home = process.cwd();
  t.after(() => process.chdir(home));
  write("node_modules/@acme/apis/providers.yaml", "fromPackage:\n  display_name: P\n  auth_mode: NONE\n");
  mkdirSync(path.join(folder, "deep/er"), { recursive: true });
  process.chdir(path.join(folder, "deep/er"));
  assert.equal(loadCatalogue({ files: ["@acme/apis"] }).get("fromPackage")?.display_name, "P");
  assert.throws(() => loadCatalogue({ files: ["@acme/none"] }), /npm install @acme\/none/);
  assert.throws(() => loadCatalogue({ files: ["./none.yaml"] }), /no file or folder/);
});

test("an error names the entry, the field, what is wrong and what would be right", (t) => {
  const good = { display_name: "Good", auth_mode: "OAUTH2" };
  const url = (text: string) => `\${${text}}`;
  const wrong: Record<string, [entry: object, reason: RegExp]> = {
    url: [{ authorization_url: "api.example.com" }, /authorization_url: must be an address like https/],
    alternatives: [
      { proxy: { base_url: `https://${url("connectionConfig.a")} || nowhere` } },
      /proxy\.base_url: must be/,
    ],
    open: [{ token_url: `https://x.example/\${connectionConfig.a` }, /token_url: has a \$\{ without its \}: write/],
    empty: [{ proxy: { headers: { "x-key": url("") } } }, /proxy\.headers\.x-key: has an empty placeholder/],
    format: [{ connection_config: { a: { format: "hex" } } }, /connection_config\.a\.format: .*"hostname"/],
    when: [{ credentials: { a: { visible_when: { field: "b", equals: "x" } } } }, /there is no field b beside it/],
    method: [{ proxy: { verification: { method: "LOOK", endpoints: ["/"] } } }, /verification\.method: .*"GET"/],
    endpoints: [{ proxy: { verification: {} } }, /verification\.endpoints: is missing; array is expected/],
    client: [{ token_request_auth_method: "digest" }, /must be one of basic, /],
    body: [{ body_format: "yaml" }, /body_format: .*"form"/],
    webhook: [{ webhook: "nobody" }, /webhook: there is no rule nobody/],
    keep: [{ after_connecting: [{ url: "/me" }] }, /after_connecting\.0\.keep: is missing/],
  };
  const entries = Object.entries(wrong).map(([name, [entry]]) => [name, { ...good, ...entry }]);
  const { problems } = loadCatalogue({ files: [fileWith(t, JSON.stringify(Object.fromEntries(entries)))] });
  const reasons = new Map(problems.map(({ name, reason }) => [name, reason]));
  for (const [name, [, reason]] of Object.entries(wrong)) assert.match(reasons.get(name) ?? "", reason, name);
});

test("what an entry asks for that is not done is noted", (t) => {
  const entry = {
    display_name: "Odd",
    auth_mode: "API_KEY",
    post_connection_script: "oddPostConnection",
    credentials_verification_script: "oddCredentialsVerification",
    webhook_routing_script: "oddWebhookRouting",
    future: 1,
    connection_config: { a: { pattern: "[" } },
    proxy: { base_url: "https://odd.example", headers: { x: `\${ed25519(\${apiKey})}` }, body: { key: `\${apiKey}` } },
  };
  const catalogue = loadCatalogue({ files: [fileWith(t, JSON.stringify({ odd: entry }))] });
  const notes = catalogue.notes("odd").join("\n");
  for (const part of ["oddPost", "oddCredentials", "oddWebhook", "ed25519()", "proxy.body", "a.pattern", "future"])
    assert.ok(notes.includes(part), part);
  assert.equal(catalogue.get("odd")?.connection_config?.a?.pattern, undefined);
  assert.deepEqual(catalogue.notes("acme"), []);
});

test("a file that cannot be read stops the start and is named", (t) => {
  for (const file of ["/nowhere/providers.json", fileWith(t, "{oops"), fileWith(t, "[]")]) {
    assert.throws(
      () => loadCatalogue({ files: [file] }),
      (error: Error) => error.message.includes(file),
    );
  }
});

test("credentials are told apart by type and checked", () => {
  assert.deepEqual(Credentials.parse({ type: "BASIC", username: "u" }), { type: "BASIC", username: "u", password: "" });
  assert.equal(Credentials.safeParse({ type: "API_KEY" }).success, false);
  assert.equal(Credentials.safeParse({ type: "API_KEY", apiKey: "x".repeat(1025) }).success, false);
  assert.equal(Credentials.safeParse({ type: "OAUTH2", access_token: "" }).success, false);
  assert.equal(Credentials.safeParse({ type: "MAGIC" }).success, false);
});
