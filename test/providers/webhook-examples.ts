// One webhook as each provider sends it, and what it is about. Shapes are the providers' own; names and ids are made up.
import type { Sent } from "./webhook-world.ts";

/** `parts`: of each, its event types and its lookups, as `by=value`. `payloads`: where it is not the whole body. */
export type Example = {
  rule: string;
  request: Sent;
  parts: [events: string, lookups: string][];
  delivery?: string;
  payloads?: unknown[];
};

const wh = (name: string, body: object, parts: Example["parts"], more: Partial<Example> & Sent = {}): Example => {
  const { headers, query, delivery, payloads } = more;
  const request = { body, ...(headers && { headers }), ...(query && { query }) };
  return { rule: name, request, parts, ...(delivery && { delivery }), ...(payloads && { payloads }) };
};

const mine = { query: { nangoConnectionId: "c-7" } };
const gmail = Buffer.from(JSON.stringify({ emailAddress: "ada@example.com", historyId: 9 })).toString("base64");
const hubspot = (objectId: number, subscriptionType: string, more = {}) => ({
  portalId: 33,
  objectId,
  subscriptionType,
  ...more,
});
const change = (changeType: string, tenantId: string) => ({
  changeType,
  tenantId,
  clientState: "s",
  resource: "users/1",
});
const invoice = { tenantId: "t-1", eventCategory: "INVOICE", eventType: "UPDATE", resourceId: "i-1" };
const record = (type: string) => ({ event_type: type, id: { workspace_id: "w-1", record_id: "r" } });

export const EXAMPLES: Example[] = [
  wh(
    "github-app",
    { action: "opened", installation: { id: 4711 } },
    [["pull_request", "config.installation_id=4711"]],
    {
      headers: { "x-github-event": "pull_request", "x-github-delivery": "72d3162e" },
      delivery: "72d3162e",
    },
  ),
  wh("gitlab", { object_kind: "push" }, [["Push Hook", "connectionId=c-7"]], {
    ...mine,
    headers: { "x-gitlab-event": "Push Hook" },
  }),
  wh("gitlab", { nangoConnectionId: "c-8" }, [["Issue Hook", "connectionId=c-8"]], {
    headers: { "x-gitlab-event": "Issue Hook" },
  }),
  wh(
    "hubspot",
    [
      hubspot(20, "contact.propertyChange"),
      hubspot(3, "contact.propertyChange"),
      hubspot(3, "contact.creation"),
      hubspot(1, "contact.creation", { changeSource: "IMPORT" }),
    ],
    [
      ["contact.creation", "config.portalId=33"],
      ["contact.propertyChange", "config.portalId=33"],
      ["contact.propertyChange", "config.portalId=33"],
    ],
    {
      payloads: [
        hubspot(3, "contact.creation"),
        hubspot(3, "contact.propertyChange"),
        hubspot(20, "contact.propertyChange"),
      ],
    },
  ),
  wh(
    "slack",
    { type: "event_callback", team_id: "T1", event_id: "Ev1", event: { type: "message" } },
    [["event_callback message", "config.team.id=T1"]],
    { delivery: "Ev1" },
  ),
  wh("shopify", { id: 1 }, [["orders/create", "config.subdomain=acme"]], {
    headers: {
      "x-shopify-topic": "orders/create",
      "x-shopify-shop-domain": "acme.myshopify.com",
      "x-shopify-webhook-id": "b54557e4",
    },
    delivery: "b54557e4",
  }),
  wh("linear", { action: "update", type: "Issue", organizationId: "o-1" }, [["Issue", "config.organizationId=o-1"]], {
    headers: { "linear-delivery": "234d1a4e" },
    delivery: "234d1a4e",
  }),
  wh("jira", { webhookEvent: "jira:issue_updated", issue: { self: "https://acme.atlassian.net/rest/api/2/issue/1" } }, [
    ["jira:issue_updated", "config.baseUrl=https://acme.atlassian.net"],
  ]),
  wh(
    "jira",
    { webhookEvent: "comment_created", comment: { self: "https://api.atlassian.com/ex/jira/c1/rest/api/2/x" } },
    [["comment_created", "config.cloudId=c1 config.baseUrl=https://api.atlassian.com"]],
  ),
  wh(
    "notion",
    { id: "n-1", type: "page.created", workspace_id: "w-1" },
    [["page.created", "config.workspace_id=w-1"]],
    { delivery: "n-1" },
  ),
  wh(
    "attio",
    { webhook_id: "x", events: [record("record.created"), record("note.updated")] },
    [
      ["record.created", "config.workspace_id=w-1"],
      ["note.updated", "config.workspace_id=w-1"],
    ],
    { payloads: [record("record.created"), record("note.updated")] },
  ),
  wh("calendly", { event: "invitee.created", created_by: "https://api.calendly.com/users/A" }, [
    ["invitee.created", "config.owner=https://api.calendly.com/users/A"],
  ]),
  wh("cal-com", { triggerEvent: "BOOKING_CREATED" }, [["BOOKING_CREATED", "connectionId=c-7"]], mine),
  wh("fathom", { recorded_by: { email: "ada@example.com" } }, [["*", "metadata.emailAddress=ada@example.com"]], {
    headers: { "webhook-id": "m1" },
    delivery: "m1",
  }),
  wh("folk", { id: "e", type: "person.created" }, [["person.created", "connectionId=c-7"]], mine),
  wh("xero", { events: [invoice], firstEventSequence: 1 }, [["UPDATE INVOICE.UPDATE", "config.tenant_id=t-1"]], {
    payloads: [invoice],
  }),
  wh("xero", { events: [], firstEventSequence: 0 }, []),
  wh(
    "sentry",
    { action: "created", installation: { uuid: "u-1" } },
    [["created issue.created", "config.installationId=u-1 config.installation_id=u-1"]],
    { headers: { "sentry-hook-resource": "issue" } },
  ),
  wh(
    "pagerduty",
    { event: { id: "01B", event_type: "incident.triggered" } },
    [["incident.triggered", "connectionId=c-7"]],
    { headers: { "x-nango-connection-id": "c-7" }, delivery: "01B" },
  ),
  wh("autotask", { Action: "Update", Guid: "g-1", EntityType: "Ticket", Id: 5 }, [
    ["Ticket Ticket.Update", "config.webhookGuid=g-1"],
  ]),
  wh("connectwise-psa", { Type: "ticket", Action: "updated", ProductInstanceId: "p-1" }, [
    ["ticket", "metadata.ProductInstanceId=p-1 metadata.productInstanceId=p-1"],
  ]),
  wh(
    "highlevel",
    { type: "ContactCreate", locationId: "l-1", webhookId: "h-1" },
    [["ContactCreate", "config.locationId=l-1"]],
    { delivery: "h-1" },
  ),
  wh("highlevel", { type: "INSTALL", companyId: "co-1" }, [["INSTALL", "config.companyId=co-1"]]),
  wh("jobber", { data: { webHookEvent: { topic: "CLIENT_CREATE", accountId: "a-1", itemId: "i" } } }, [
    ["CLIENT_CREATE", "config.accountId=a-1"],
  ]),
  wh("jobdiva", { type: "job", operation: "UPDATE", id: 1 }, [["job.UPDATE", "all"]]),
  wh("sellsy", { relatedtype: "client", event: "created", corpid: "123" }, [["client.created", "config.corpid=123"]]),
  wh(
    "checkr-partner",
    { id: "e-1", type: "report.completed", account_id: "k-1" },
    [["report.completed", "config.checkr_account_id=k-1"]],
    { delivery: "e-1" },
  ),
  wh(
    "google-mail",
    { message: { data: gmail, messageId: "m-1" }, subscription: "projects/p/subscriptions/s" },
    [
      [
        "*",
        "config.emailAddressHash=b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72 metadata.emailAddress=ada@example.com metadata.email=ada@example.com",
      ],
    ],
    { delivery: "m-1" },
  ),
  wh(
    "microsoft",
    { value: [change("created", "t-1"), change("deleted", "t-2")] },
    [
      ["created", "config.tenantId=t-1"],
      ["deleted", "config.tenantId=t-2"],
    ],
    { payloads: [change("created", "t-1"), change("deleted", "t-2")] },
  ),
  wh("microsoft-teams", { type: "message", channelData: { tenant: { id: "t-1" } } }, [
    ["message", "config.tenantId=t-1"],
  ]),
  wh("salesforce", { nango: { eventType: "Account.updated", connectionId: "c-7" } }, [
    ["Account.updated", "connectionId=c-7"],
  ]),
  wh("airtable", { base: { id: "app1" }, webhook: { id: "ach1" }, timestamp: "2026-01-01T00:00:00Z" }, [
    ["*", "metadata.webhooks=ach1"],
  ]),
  wh("affinity", { type: "list_entry.created", body: {} }, [["list_entry.created", "all"]]),
  wh("fillout", { type: "submission", formId: "f-1" }, [["submission", "metadata.formId=f-1"]]),
  wh("streak", { event: "BOX_CREATE" }, [["BOX_CREATE", "config.streakWebhookToken=st"]], {
    headers: { "x-streak-webhook-token": "st" },
  }),
  wh(
    "shipstation",
    { resource_type: "ORDER_NOTIFY", resource_url: "https://ssapi.shipstation.com/orders?storeID=55&x=1" },
    [["ORDER_NOTIFY", "metadata.storeId=55"]],
  ),
  wh("shipstation", { resource_type: "API_TRACK" }, [["API_TRACK", "connectionId=c-7"]], {
    headers: { "x-nango-connection-id": "c-7" },
  }),
  wh("videoask", { event_id: "v-1", event_type: "form_response" }, [["form_response", "connectionId=c-7"]], {
    headers: { "nango-connection-id": "c-7" },
    delivery: "v-1",
  }),
  wh("unauthenticated", { type: "ping", connectionId: "c-7" }, [["ping", "connectionId=c-7"]]),
  // Beyond the published ones.
  wh(
    "stripe",
    { id: "evt_1", type: "charge.succeeded", account: "acct_1" },
    [["charge.succeeded", "config.stripe_user_id=acct_1"]],
    { delivery: "evt_1" },
  ),
  wh("zoom", { event: "meeting.started", payload: { account_id: "z" } }, [
    ["meeting.started", "config.account_id=z metadata.account_id=z"],
  ]),
  wh(
    "dropbox",
    { list_folder: { accounts: ["dbid:1", "dbid:2"] } },
    [
      ["list_folder", "config.account_id=dbid:1"],
      ["list_folder", "config.account_id=dbid:2"],
    ],
    { payloads: ["dbid:1", "dbid:2"] },
  ),
  wh(
    "asana",
    { events: [{ action: "changed", resource: { resource_type: "task" } }] },
    [["changed task", "connectionId=c-7"]],
    mine,
  ),
  wh(
    "quickbooks",
    {
      eventNotifications: [
        { realmId: "9", dataChangeEvent: { entities: [{ name: "Customer", operation: "Create" }] } },
      ],
    },
    [["Customer Create", "config.realmId=9"]],
    { payloads: [{ realmId: "9", dataChangeEvent: { entities: [{ name: "Customer", operation: "Create" }] } }] },
  ),
  wh(
    "okta",
    {
      eventId: "o-1",
      source: "https://acme.okta.com/api/v1/eventHooks/w",
      data: { events: [{ eventType: "user.lifecycle.create" }] },
    },
    [["user.lifecycle.create", "config.hostname=acme.okta.com config.subdomain=acme"]],
    { payloads: [{ eventType: "user.lifecycle.create" }], delivery: "o-1" },
  ),
  wh(
    "pipedrive",
    {
      meta: {
        id: "4d8a5a43-8c8d-4e4e-9b0b-0242ac120002",
        action: "change",
        entity: "deal",
        host: "acme.pipedrive.com",
      },
    },
    [["change.deal", "config.api_domain=https://acme.pipedrive.com"]],
    { delivery: "4d8a5a43-8c8d-4e4e-9b0b-0242ac120002" },
  ),
];
