// Promise: every entry loads or is named with the reason, and the providers that must exist do.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
