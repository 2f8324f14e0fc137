// Promise: every provider that is known to send webhooks has a rule, a rule that is wrong is named, and secrets are compared in one place.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { ruleOf, sharedRules } from "../../src/providers/webhook/rules.ts";
import { readSources } from "../guard/sources.ts";
import { EXAMPLES } from "./webhook-examples.ts";

// The providers whose webhooks the published catalogue routes.
const SENDERS = [
  ...["affinity", "airtable", "attio", "autotask", "cal-com-oauth", "cal-com-v2", "calendly", "checkr-partner"],
  ...["connectwise-psa", "fathom", "fathom-oauth", "fillout", "folk", "github-app", "github-app-oauth", "gitlab"],
  ...["gitlab-pat", "google", "google-calendar", "google-drive", "google-mail", "highlevel", "highlevel-white-label"],
  ...[
    "hubspot",
    "jira",
    "jobber",
    "jobdiva",
    "linear",
    "microsoft-oauth2-cc",
    "microsoft-teams",
    "microsoft-teams-bot",
  ],
  ...[
    "notion",
    "pagerduty",
    "salesforce",
    "sellsy",
    "sellsy-oauth2-cc",
    "sentry-oauth",
    "shipstation",
    "shipstation-v2",
  ],
  ...["shopify", "shopify-api-key", "slack", "streak", "unauthenticated", "videoask", "xero"],
];

test("every provider that sends webhooks has an entry with a rule, and an example of what it sends", () => {
  const catalogue = loadCatalogue({ files: [] });
  assert.deepEqual(catalogue.problems, []);
  for (const name of SENDERS) {
    const provider = catalogue.get(name);
    assert.ok(provider && ruleOf(provider), name);
    const shown = [...EXAMPLES.map(({ rule }) => rule), "google"];
    assert.ok(shown.includes(provider.webhook as string), `${name}: no example of ${provider.webhook}`);
  }
  assert.equal(ruleOf(catalogue.get("private-api-bearer")!), undefined);
});

test("a published entry's script is judged by our rule of that name", () => {
  const rules = sharedRules();
  for (const [script, name] of [
    ["slackWebhookRouting", "slack"],
    ["githubAppWebhookRouting", "github-app"],
    ["githubAppOauthWebhookRouting", "github-app"],
    ["calComWebhookRouting", "cal-com"],
    ["googleCalendarWebhookRouting", "google"],
    ["microsoftTeamsWebhookRouting", "microsoft-teams"],
    ["checkrWebhookRouting", "checkr-partner"],
  ] as const)
    assert.equal(ruleOf({ webhook_routing_script: script }), rules.get(name), script);
  assert.equal(ruleOf({ webhook_routing_script: "unheardOfWebhookRouting" }), undefined);
});

test("a rule that is wrong leaves its entry out and says what is wrong; one that is right is used", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "rules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "providers.json");
  const entry = (webhook: unknown) => ({ display_name: "X", auth_mode: "NONE", webhook });
  const metadata = { secrets: ["metadata.s"], schemes: [{ scheme: "standard" }] };
  writeFileSync(
    file,
    JSON.stringify({
      a: entry("no-such-rule"),
      b: entry({ verification: { schemes: [{ scheme: "rot13" }] } }),
      c: entry({ delivery: { header: "x", path: "y" } }),
      d: entry({ split: { at: "events" }, verification: metadata }),
      e: entry({ events: "type" }),
    }),
  );
  const catalogue = loadCatalogue({ files: [file] });
  const reasons = catalogue.problems.map(({ name, reason }) => `${name}: ${reason}`);
  assert.equal(reasons.length, 4, reasons.join("\n"));
  assert.match(reasons[0]!, /a: webhook: there is no rule no-such-rule/);
  assert.match(reasons[1]!, /b: webhook.verification.schemes.0.scheme/);
  assert.match(reasons[2]!, /c: webhook.delivery/);
  assert.match(reasons[3]!, /d: webhook.split: one part's connection may not vouch/);
  const { provider } = catalogue.list().find(({ name }) => name === "e")!;
  assert.equal(ruleOf(provider), ruleOf(provider));
});

test("signatures, tokens and secrets are compared in one place, in constant time", () => {
  const secret = "(?:signature|token|secret|digest|expected|hmac)s?";
  const compared = new RegExp(`\\b${secret}\\s*[!=]==?(?!=|\\s*undefined)|[!=]==?\\s*${secret}\\b`, "i");
  const sources = readSources("src/providers/webhook/**/*.ts");
  assert.ok(sources.length >= 20);
  for (const { file, text } of sources) {
    if (!file.endsWith("/same.ts")) assert.doesNotMatch(text, /timingSafeEqual|\.equals\(|Buffer\.compare/, file);
    for (const line of text.split("\n")) {
      const isOfKind = /scheme\.scheme|case "|what === |secret !== undefined/.test(line);
      if (!isOfKind) assert.doesNotMatch(line, compared, `${file}: ${line.trim()}`);
    }
  }
});
