// Promise: what a provider says about a new connection is in its config, so that webhooks and base URLs find what they need.
// The answers are those of the providers' own documentation, cut down.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { askAfterConnecting } from "../../src/auth/after-connecting.ts";
import type { AuthDeps } from "../../src/auth/auth.ts";
import { createForwarding } from "../../src/outbound/forward.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import type { Provider } from "../../src/providers/schema.ts";

type Answers = Record<string, unknown>;
type Asked = { url: string; authorization: string | undefined; body: string };

const catalogue = loadCatalogue({ files: [] });
const token = { type: "OAUTH2", access_token: "t0ken" } as const;

/** Answers by "host/path", whatever the host is; a number is a status. */
const startProviders = async (t: TestContext, answers: Answers) => {
  const asked: Asked[] = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    const url = req.url!.slice(1);
    asked.push({ url, authorization: req.headers.authorization, body });
    const answer = answers[url] ?? 404;
    res.statusCode = typeof answer === "number" ? answer : 200;
    res.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const asUrlOf = (base: string, text: string): string => text.replaceAll("https:/", base);

const ask = async (t: TestContext, provider: Provider, answers: Answers, connectionConfig = {}, credentials = {}) => {
  const { url, asked } = await startProviders(t, answers);
  const { forward, close } = createForwarding({ allowPrivateHosts: ["127.0.0.0/8"] });
  t.after(() => close(0));
  const warnings: Record<string, unknown>[] = [];
  const log = { warn: (entry: Record<string, unknown>) => warnings.push(entry) };
  const local = {
    ...provider,
    proxy: { ...provider.proxy, base_url: asUrlOf(url, provider.proxy!.base_url!) },
    after_connecting: provider.after_connecting!.map((one) => ({ ...one, url: asUrlOf(url, one.url) })),
  };
  const target = { provider: local, credentials: { ...token, ...credentials }, connectionConfig, metadata: {} };
  const config = await askAfterConnecting({ forward, log } as unknown as AuthDeps, target);
  return { config, warnings, asked };
};

const SITES = [
  { id: "cloud-1", url: "https://first.atlassian.net" },
  { id: "cloud-2", url: "https://second.atlassian.net" },
];
const myself = (cloud: string) => ({ [`api.atlassian.com/ex/jira/${cloud}/rest/api/3/myself`]: { accountId: "p1" } });
const jira = {
  "api.atlassian.com/oauth/token/accessible-resources": SITES,
  ...myself("cloud-1"),
  ...myself("cloud-2"),
};
const first = { cloudId: "cloud-1", baseUrl: "https://first.atlassian.net", accountId: "p1" };
const second = { cloudId: "cloud-2", baseUrl: "https://second.atlassian.net", accountId: "p1" };
const mailbox = createHash("sha256").update("me@example.com").digest("hex");
const xero = (...ids: string[]) => ({ "api.xero.com/connections": ids.map((tenantId) => ({ id: "c", tenantId })) });

const CASES: Record<string, [provider: string, answers: Answers, given: object, config: object]> = {
  "Jira: the first site": ["jira", jira, {}, first],
  "Jira: the site that was asked for": ["jira", jira, { subdomain: "second" }, { subdomain: "second", ...second }],
  "Jira: the site that the config names": ["jira", jira, { cloudId: "cloud-2" }, second],
  "Jira: another site than the one asked for": ["jira", jira, { subdomain: "third" }, { subdomain: "third" }],
  "Jira: another person's site at a reconnect": ["jira", jira, { cloudId: "gone", baseUrl: "https://x" }, first],
  "Xero: the only organisation": ["xero", xero("t1"), {}, { tenant_id: "t1" }],
  "Xero: none of several": ["xero", xero("t1", "t2"), {}, {}],
  "Xero: the one of several that was given": ["xero", xero("t1", "t2"), { tenant_id: "t2" }, { tenant_id: "t2" }],
  HubSpot: ["hubspot", { "api.hubapi.com/account-info/v3/details": { portalId: 62515 } }, {}, { portalId: 62515 }],
  Linear: [
    "linear",
    { "api.linear.app/graphql": { data: { organization: { id: "o1" } } } },
    {},
    { organizationId: "o1" },
  ],
  Attio: ["attio", { "api.attio.com/v2/self": { active: true, workspace_id: "w1" } }, {}, { workspace_id: "w1" }],
  Intercom: ["intercom", { "api.intercom.io/me": { app: { id_code: "abc" } } }, {}, { app_id: "abc" }],
  Zoom: ["zoom", { "api.zoom.us/v2/users/me": { id: "u", account_id: "a1" } }, {}, { account_id: "a1" }],
  "Gmail: the address as a hash": [
    "google-mail",
    { "gmail.googleapis.com/gmail/v1/users/me/profile": { emailAddress: "me@example.com", messagesTotal: 1 } },
    {},
    { emailAddressHash: mailbox },
  ],
  "Google Calendar": [
    "google-calendar",
    { "www.googleapis.com/calendar/v3/calendars/primary": { id: "me@example.com" } },
    {},
    { emailAddress: "me@example.com" },
  ],
  Teams: [
    "microsoft-teams",
    { "graph.microsoft.com/v1.0/organization": { value: [{ id: "tenant" }] } },
    {},
    { tenantId: "tenant" },
  ],
  Mailchimp: ["mailchimp", { "login.mailchimp.com/oauth2/metadata": { dc: "us6" } }, {}, { dc: "us6" }],
  DocuSign: [
    "docusign",
    {
      "account.docusign.com/oauth/userinfo": {
        accounts: [
          { account_id: "a1", is_default: false, base_uri: "https://demo" },
          { account_id: "a2", is_default: true, base_uri: "https://na4.docusign.net" },
        ],
      },
    },
    {},
    { accountId: "a2", baseUri: "https://na4.docusign.net" },
  ],
  "Basecamp: an account that was given stays": [
    "basecamp",
    { "launchpad.37signals.com/authorization.json": { accounts: [{ product: "bc3", id: 1 }] } },
    { accountId: "7" },
    { accountId: "7" },
  ],
};

for (const [name, [provider, answers, given, config]] of Object.entries(CASES)) {
  test(`the config has what the provider says: ${name}`, async (t) => {
    const found = await ask(t, catalogue.get(provider)!, answers, given);
    assert.deepEqual(found.config, config);
    const header = provider === "mailchimp" ? "OAuth t0ken" : "Bearer t0ken";
    assert.ok(found.asked.length > 0 && found.asked.every(({ authorization }) => authorization === header));
  });
}

test("an answer that is refused, is no JSON or is too long leaves its fields out and is logged without secrets", async (t) => {
  for (const answer of [403, "<html>", `"${"x".repeat(1_100_000)}"`]) {
    const { config, warnings } = await ask(t, catalogue.get("attio")!, { "api.attio.com/v2/self": answer }, { a: 1 });
    assert.deepEqual(config, { a: 1 });
    assert.equal(warnings.length, 1);
    assert.doesNotMatch(JSON.stringify(warnings), /t0ken/);
  }
});

test("nothing is asked before there is a token", async (t) => {
  const provider = catalogue.get("attio")!;
  const { asked, config } = await ask(t, provider, {}, {}, { type: "TWO_STEP", access_token: undefined });
  assert.deepEqual([asked, config], [[], {}]);
});
