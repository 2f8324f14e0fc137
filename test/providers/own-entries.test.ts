// Promise: each entry of ours has what its kind of credentials needs, and says it so that a form and a request can be made of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import type { ProviderField } from "../../src/providers/entry/field.ts";
import { unfilledNames } from "../../src/providers/notes.ts";
import type { Provider } from "../../src/providers/schema.ts";
import { readTemplate, splitOutside } from "../../src/providers/template-syntax.ts";

const own = loadCatalogue({ files: [] });
// Acme is the API that comes with us, the private ones are whatever their users have.
const OPEN_BASE = /^(acme|private-api-|unauthenticated$)/;
const entries = own.list().filter(({ name }) => !OPEN_BASE.test(name));

// The APIs that people ask for first, by the names of the published catalogue.
const WANTED = {
  crm: "salesforce salesforce-sandbox hubspot pipedrive attio close zoho-crm copper highlevel zendesk-sell affinity folk",
  ticketing:
    "zendesk zendesk-api-key jira jira-basic linear asana intercom freshdesk freshservice front helpscout-mailbox",
  operations: "servicenow autotask connectwise-psa shortcut monday clickup basecamp gorgias",
  hr: "bamboohr bamboohr-basic workday gusto personio-v2 hibob-service-user deel rippling adp sage-hr factorial",
  hiring: "greenhouse greenhouse-basic greenhouse-harvest lever lever-basic ashby workable teamtailor manatal",
  accounting:
    "quickbooks xero netsuite netsuite-tba sage sage-intacct freshbooks exact-online bill brex ramp tripletex",
  files: "google-drive dropbox box one-drive sharepoint-online microsoft google google-sheet google-docs",
  calendars: "google-calendar outlook calendly cal-com-v2 cal-com-oauth",
  messaging: "slack microsoft-teams discord twilio google-mail telegram whatsapp-business zoom zoom-cc",
  code: "github github-app github-app-oauth github-pat gitlab gitlab-pat bitbucket sentry datadog pagerduty vercel figma",
  payments: "stripe stripe-api-key stripe-app squareup paypal braintree chargebee shopify shopify-api-key woocommerce",
  marketing:
    "mailchimp klaviyo klaviyo-oauth active-campaign sendgrid google-ads facebook linkedin marketo emarsys typeform",
  data: "airtable notion snowflake snowflake-jwt openai anthropic tableau google-bigquery amplitude confluence docusign",
  others:
    "linear-mcp notion-mcp mcp-generic aws-sigv4 ghost-admin apple-app-store twitter twitter-v2 trello okta jobdiva",
};

// What recorded functions of the published kind were written against: requests to these must not change.
const RECORDED: Record<string, [baseUrl: string, paginate: object | undefined]> = {
  airtable: ["https://api.airtable.com", undefined],
  asana: [
    "https://app.asana.com",
    {
      type: "cursor",
      cursor_path_in_response: "next_page.offset",
      cursor_name_in_request: "offset",
      limit_name_in_request: "limit",
      response_path: "data",
    },
  ],
  attio: ["https://api.attio.com", undefined],
  bamboohr: [`https://api.bamboohr.com/api/gateway.php/\${connectionConfig.subdomain}`, undefined],
  dropbox: ["https://api.dropboxapi.com", undefined],
  github: [
    "https://api.github.com",
    { type: "link", link_rel_in_response_header: "next", limit_name_in_request: "per_page" },
  ],
  gitlab: [`https://\${connectionConfig.hostname || gitlab.com}`, undefined],
  "google-calendar": [
    "https://www.googleapis.com",
    {
      type: "cursor",
      cursor_path_in_response: "nextPageToken",
      cursor_name_in_request: "pageToken",
      limit_name_in_request: "maxSize",
      response_path: "items",
    },
  ],
  hubspot: [
    "https://api.hubapi.com",
    {
      type: "cursor",
      cursor_path_in_response: "paging.next.after",
      cursor_name_in_request: "after",
      limit_name_in_request: "limit",
      response_path: "results",
    },
  ],
  jira: [
    "https://api.atlassian.com",
    {
      type: "link",
      link_rel_in_response_header: "next",
      link_path_in_response_body: "_links.next",
      limit_name_in_request: "limit",
      response_path: "results",
    },
  ],
  linear: ["https://api.linear.app", undefined],
  notion: [
    "https://api.notion.com",
    {
      type: "cursor",
      cursor_path_in_response: "next_cursor",
      cursor_name_in_request: "start_cursor",
      limit_name_in_request: "page_size",
      response_path: "results",
    },
  ],
  outlook: ["https://graph.microsoft.com", undefined],
  quickbooks: ["https://quickbooks.api.intuit.com", undefined],
  salesforce: [`\${connectionConfig.instance_url}`, undefined],
  slack: [
    "https://slack.com/api",
    {
      type: "cursor",
      cursor_path_in_response: "response_metadata.next_cursor",
      cursor_name_in_request: "cursor",
      limit_name_in_request: "limit",
    },
  ],
  "stripe-app": ["https://api.stripe.com", undefined],
  workable: [`https://\${connectionConfig.subdomain}.workable.com`, undefined],
  xero: ["https://api.xero.com", undefined],
  zendesk: [
    `https://\${connectionConfig.subdomain}.zendesk.com`,
    { type: "link", link_path_in_response_body: "next_page", limit_name_in_request: "per_page" },
  ],
};

const each = (check: (provider: Provider, name: string) => void): void => {
  for (const { name, provider } of entries) check(provider, name);
};

const urlsOf = (provider: Provider): string[] => {
  const { token_url: token } = provider;
  const named = [
    provider.authorization_url,
    provider.request_url,
    provider.refresh_url,
    provider.registration_url,
    provider.proxy?.base_url,
    ...(typeof token === "object" ? Object.values(token) : [token]),
    ...(provider.after_connecting ?? []).map(({ url }) => (url.startsWith("/") ? undefined : url)),
  ];
  return named.filter((url) => url !== undefined);
};

test("the APIs that people ask for first are there", () => {
  const missing = Object.values(WANTED)
    .flatMap((names) => names.split(" "))
    .filter((name) => own.get(name) === undefined);
  assert.deepEqual(missing, []);
  assert.deepEqual(own.problems, []);
});

test("addresses are https, and documentation is named", () => {
  each((provider, name) => {
    for (const url of urlsOf(provider).flatMap((one) => splitOutside(one, "||")))
      assert.match(url.trim(), /^(https:\/\/|\$\{connectionConfig\.)/, name);
    assert.match(provider.docs ?? "", /^https:/, name);
    assert.ok(provider.categories?.length, name);
  });
});

test("each kind of credentials finds what it needs", () => {
  const needs: Partial<Record<Provider["auth_mode"], (keyof Provider)[]>> = {
    OAUTH1: ["request_url", "authorization_url", "token_url", "signature_method"],
    OAUTH2: ["authorization_url", "token_url"],
    OAUTH2_CC: ["token_url", "credentials"],
    API_KEY: ["credentials"],
    BASIC: ["credentials"],
    TBA: ["credentials", "connection_config"],
    JWT: ["token", "signature", "credentials"],
    SIGNATURE: ["signature", "token", "credentials"],
    TWO_STEP: ["token_url", "token_response", "credentials"],
    BILL: ["token_url", "credentials"],
    AWS_SIGV4: ["credentials", "integration_config"],
    APP: ["authorization_url", "token_url"],
    CUSTOM: ["authorization_url", "token_url"],
    MCP_OAUTH2: ["authorization_url", "token_url", "client_registration"],
    MCP_OAUTH2_GENERIC: ["connection_config"],
  };
  each((provider, name) => {
    for (const field of needs[provider.auth_mode] ?? []) {
      const isUnsaid = UNSAID.includes(`${name} ${field}`);
      assert.equal(provider[field] === undefined, isUnsaid, `${name} needs ${field}`);
    }
    assert.ok(provider.proxy?.base_url, name);
    const { credentials = {} } = provider;
    if (provider.auth_mode === "API_KEY") assert.deepEqual(Object.keys(credentials), ["apiKey"], name);
    if (provider.auth_mode === "BASIC") assert.deepEqual(Object.keys(credentials), ["username", "password"], name);
  });
});

// What a provider gives to its partners only, and nothing public says.
const UNSAID = ["certn-partner token_url"];

test("keys and passwords can be tested, but for those that no request is known for which every good key may make", () => {
  const untested = entries.filter(({ provider }) => {
    const { auth_mode, proxy } = provider;
    return (auth_mode === "API_KEY" || auth_mode === "BASIC") && proxy?.verification === undefined;
  });
  assert.deepEqual(
    untested.map(({ name }) => name),
    UNTESTED,
  );
});

// Keys of these may be limited to a part of the API: whatever is asked, a good one might be refused.
const UNTESTED = [
  ...["autotask", "azure-devops", "certn", "connectwise-psa", "fathom", "gong", "greenhouse-basic"],
  ...["lever-basic", "rippling", "rock-gym-pro", "sentry", "stripe-api-key", "workable", "workday"],
];

const placeholders = (value: unknown): string[] => {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(placeholders);
  if (typeof value !== "string") return [];
  return readTemplate(value).flatMap((part) =>
    typeof part === "string"
      ? []
      : part.alternatives.flatMap((one) => ("name" in one ? [one.name] : placeholders(one.argument))),
  );
};

test("templates name fields that a form asks for or that are found when connecting, and nothing else", () => {
  each((provider, name) => {
    assert.deepEqual(unfilledNames(provider), [], name);
    const found = [...(provider.redirect_uri_metadata ?? []), ...(provider.token_response_metadata ?? [])];
    for (const full of placeholders(provider)) {
      const [, group, field] = /^(connectionConfig|credentials)\.(.+)$/.exec(full) ?? [];
      if (group === "connectionConfig")
        assert.ok(provider.connection_config?.[field!] ?? found.includes(field!), `${name}: ${full}`);
      if (group === "credentials" && !TOKENS.test(field!))
        assert.ok(provider.credentials?.[field!.split(".")[0]!], `${name}: ${full}`);
    }
  });
});

// Not asked for: had from the provider.
const TOKENS = /^(token|access_token|raw)(\.|$)/;

test("what is found when connecting and stands in the base URL has a field that says so", () => {
  each((provider, name) => {
    const kept = new Set((provider.after_connecting ?? []).flatMap(({ keep }) => Object.keys(keep)));
    for (const field of kept) {
      const said: ProviderField | undefined = provider.connection_config?.[field];
      assert.ok(said?.automated === true || said?.optional === true || field === "organizationId", `${name}: ${field}`);
    }
  });
});

test("each field is said in words of its own, and its pattern fits its example", () => {
  each((provider, name) => {
    for (const group of ["credentials", "connection_config", "integration_config"] as const) {
      for (const [key, field] of Object.entries(provider[group] ?? {})) {
        const where = `${name} ${group}.${key}`;
        assert.ok(field.title && field.description && field.type, where);
        assert.match(field.description, /^[A-Z].*\.$/, where);
        if (field.pattern !== undefined && group !== "credentials") assert.ok(field.example !== undefined, where);
        if (field.pattern !== undefined && field.example !== undefined)
          assert.match(String(field.example), new RegExp(field.pattern), where);
        if (field.enum !== undefined && field.example !== undefined)
          assert.ok(field.enum.includes(String(field.example)), where);
        if (field.hidden === true) assert.ok(field.default_value !== undefined || field.optional === true, where);
      }
    }
  });
});

test("requests of recorded functions go where they went", () => {
  for (const [name, [baseUrl, paginate]] of Object.entries(RECORDED)) {
    const { proxy } = own.get(name)!;
    assert.deepEqual([proxy?.base_url, proxy?.paginate], [baseUrl, paginate], name);
  }
});
