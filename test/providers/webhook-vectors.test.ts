// Promise: what providers publish as rightly signed is verified, and so is what their own libraries or openssl sign.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { judgeBy, type Known, type Sent, verdictOf } from "./webhook-world.ts";

const HUBSPOT_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const HUBSPOT_EVENTS =
  '[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]';
const SLACK_COMMAND =
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const wh = (webhookSecret: string) => ({ webhookSecret });
const cs = (clientSecret: string) => ({ clientSecret });

type Vector = { says: string; rule: string; request: Sent; secrets: Known["secrets"]; now?: number };

// As by `printf %s "$BODY" | openssl dgst -sha256 -mac HMAC -macopt hexkey:…`, for those who publish none.
const BODY = '{"type":"Issue","data":{"title":"Grüße, 世界"},"event":"x"}';
const made = (rule: string, headers: Record<string, string>, secrets: Known["secrets"], now?: number): Vector => ({
  says: `${rule}, by openssl`,
  rule,
  request: { headers, body: BODY },
  secrets,
  ...(now === undefined ? {} : { now }),
});

const VECTORS: Vector[] = [
  {
    says: "GitHub, from its page on validating deliveries",
    rule: "github",
    request: {
      headers: {
        "content-type": "text/plain",
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
      },
      body: "Hello, World!",
    },
    secrets: wh("It's a Secret to Everybody"),
  },
  {
    says: "Slack, from its page on verifying requests",
    rule: "slack",
    request: {
      headers: {
        ...FORM,
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      },
      body: SLACK_COMMAND,
    },
    secrets: wh("8f742231b10e8888abcd99yyyzzz85a5"),
    now: 1531420618_000,
  },
  {
    says: "HubSpot v1, from its pages and its client's tests",
    rule: "hubspot",
    request: {
      headers: {
        "x-hubspot-signature-version": "v1",
        "x-hubspot-signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
      },
      body: HUBSPOT_EVENTS,
    },
    secrets: cs(HUBSPOT_SECRET),
  },
  {
    says: "HubSpot v2, from its client's tests",
    rule: "hubspot",
    request: {
      url: "https://www.example.com/webhook_uri",
      headers: {
        "x-hubspot-signature-version": "v2",
        "x-hubspot-signature": "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
      },
      body: '{"example_field":"example_value"}',
    },
    secrets: cs(HUBSPOT_SECRET),
  },
  {
    // By @hubspot/api-client 13's Signature.getSignature, which takes the address as its documentation has it unescaped.
    says: "HubSpot v3, signed by its own client; the address came escaped",
    rule: "hubspot",
    request: {
      url: "https://www.example.com/webhook_uri?a=b%20c&to=x%40y",
      headers: {
        "x-hubspot-request-timestamp": "1564113600000",
        "x-hubspot-signature-v3": "eVaDqlXtG6pZnPZsIDcAxxlGM/gYJfyI8/xw3zEjYp0=",
      },
      body: HUBSPOT_EVENTS,
    },
    secrets: cs(HUBSPOT_SECRET),
    now: 1564113600000,
  },
  {
    says: "svix, from its page on verifying by hand",
    rule: "folk",
    request: {
      headers: {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      },
      body: '{"test": 2432232314}',
    },
    secrets: wh("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    now: 1614265330_000,
  },
  {
    says: "Stripe, by generateTestHeaderString of its library",
    rule: "stripe",
    request: {
      headers: {
        "stripe-signature": "t=1492774577,v1=c2f890decbc5ede7c5060bb9a6d31e0626a4342bacb9aeae2adb1bcea72f9812",
      },
      body: '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}',
    },
    secrets: wh("whsec_test_secret"),
    now: 1492774577_000,
  },
  {
    says: "Twilio, from its page on validating requests",
    rule: "twilio",
    request: {
      url: "https://mycompany.com/myapp.php?foo=1&bar=2",
      headers: { ...FORM, "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=" },
      body: "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309",
    },
    secrets: wh("12345"),
  },
  made(
    "linear",
    { "linear-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "jira",
    { "x-hub-signature": "sha256=ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "notion",
    { "x-notion-signature": "sha256=ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "attio",
    { "attio-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "attio",
    { "x-attio-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "cal-com",
    { "x-cal-signature-256": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "sentry",
    { "sentry-hook-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    cs("hunter2-hunter2"),
  ),
  made(
    "checkr-partner",
    { "x-checkr-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    cs("hunter2-hunter2"),
  ),
  made("jobdiva", { "x-hub-signature": "sha1=15927785169a30232258e5b821ec6c6b1005f0cc" }, wh("hunter2-hunter2")),
  made("intercom", { "x-hub-signature": "sha1=15927785169a30232258e5b821ec6c6b1005f0cc" }, cs("hunter2-hunter2")),
  made(
    "dropbox",
    { "x-dropbox-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    cs("hunter2-hunter2"),
  ),
  made(
    "asana",
    { "x-hook-signature": "ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made(
    "greenhouse",
    { signature: "sha256 ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("hunter2-hunter2"),
  ),
  made("shopify", { "x-shopify-hmac-sha256": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, cs("hunter2-hunter2")),
  made("shopify", { "x-shopify-hmac-sha256": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, wh("hunter2-hunter2")),
  made("xero", { "x-xero-signature": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, wh("hunter2-hunter2")),
  made("jobber", { "x-jobber-hmac-sha256": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, cs("hunter2-hunter2")),
  made("autotask", { "x-hook-signature": "FZJ3hRaaMCMiWOW4IexsaxAF8Mw=" }, wh("hunter2-hunter2")),
  made("autotask", { "x-hook-signature": "sha1=FZJ3hRaaMCMiWOW4IexsaxAF8Mw=" }, wh("hunter2-hunter2")),
  made("quickbooks", { "intuit-signature": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, wh("hunter2-hunter2")),
  made("docusign", { "x-docusign-signature-1": "7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" }, wh("hunter2-hunter2")),
  made(
    "typeform",
    { "typeform-signature": "sha256=7Wegso4BhxxJh31uzeBTx8DW9qs/05EVltCtyC12Rz4=" },
    wh("hunter2-hunter2"),
  ),
  made(
    "pagerduty",
    {
      "x-pagerduty-signature":
        "v1=0000000000000000000000000000000000000000000000000000000000000000,v1=ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e",
    },
    wh("hunter2-hunter2"),
  ),
  made(
    "calendly",
    {
      "calendly-webhook-signature": "t=1767225600,v1=ec09da92c23d57e210fc0ff9475a526593be3c89dbc516c9441f2ae0b66abd65",
    },
    wh("hunter2-hunter2"),
    1767225600000,
  ),
  made(
    "zoom",
    {
      "x-zm-request-timestamp": "1767225600",
      "x-zm-signature": "v0=e0d4b452882e0f9a9ce4cfa293e76bb6eae1f246506818068038cf67c2659ae4",
    },
    wh("hunter2-hunter2"),
    1767225600000,
  ),
  made(
    "zendesk",
    {
      "x-zendesk-webhook-signature-timestamp": "2026-01-01T00:00:00Z",
      "x-zendesk-webhook-signature": "K5Slynhqt02IIbTXw28ACT2I3LjKI+EhPlCIGv/StKE=",
    },
    wh("hunter2-hunter2"),
    1767225600000,
  ),
  made(
    "box",
    {
      "box-delivery-timestamp": "2026-01-01T00:00:00Z",
      "box-signature-secondary": "Dzb+yNFBsyNQsp+Mc9Q1oi0WeE1CnWN2L1b34NITGFU=",
    },
    wh("hunter2-hunter2"),
    1767225600000,
  ),
  made(
    "whoop",
    {
      "x-whoop-signature-timestamp": "1767225600000",
      "x-whoop-signature": "8w5VpK0xRqCQHjt21lBnpYhwVYG78UPGNAm46oKnaBQ=",
    },
    cs("hunter2-hunter2"),
    1767225600000,
  ),
  made("sellsy", { "x-webhook-signature": "c061068e9955e26a741d02288678d9a84f096412" }, wh("hunter2-hunter2")),
  made(
    "airtable",
    { "x-airtable-content-mac": "hmac-sha256=ed67a0b28e01871c49877d6ecde053c7c0d6f6ab3fd3911596d0adc82d76473e" },
    wh("aHVudGVyMi1odW50ZXIy"),
  ),
  made(
    "github-app",
    { "x-hub-signature-256": "sha256=a8bc3926f4e44110f8e660312b80f9708536f9d83ba7c3c77a9df10582ee2c45" },
    { app: { id: "123", privateKey: "-----BEGIN KEY-----", link: "https://github.com/apps/acme" } },
  ),
];

test("signatures that are published, or made by the provider's own library or openssl, are verified", async () => {
  for (const { says, rule, request, secrets, now } of VECTORS) {
    const judged = await judgeBy(rule, request, { secrets: secrets ?? {}, ...(now === undefined ? {} : { now }) });
    assert.equal(verdictOf(judged), "verified", `${says}: ${JSON.stringify(judged)}`);
    const wrong = { webhookSecret: "another", clientSecret: "another" };
    const other = await judgeBy(rule, request, { secrets: wrong, ...(now === undefined ? {} : { now }) });
    assert.equal(verdictOf(other), "signature_mismatch", `${says}, with another secret`);
  }
});

test("what the library standardwebhooks signs is verified, whichever of several signatures fits", async () => {
  const at = new Date("2026-03-04T05:06:07Z");
  const body = JSON.stringify({ recorded_by: { email: "ada@example.com" } });
  const secret = `whsec_${createHash("sha256").update("fathom").digest("base64")}`;
  const signature = new Webhook(secret).sign("msg_1", at, body);
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(at.getTime() / 1000),
    "webhook-signature": `v1,${"A".repeat(43)}= v1a,unknown ${signature}`,
  };
  const judged = await judgeBy("fathom", { headers, body }, { secrets: wh(secret) });
  assert.equal(verdictOf(judged), "verified");
  assert.equal(judged.kind === "accepted" && judged.deliveryId, "msg_1");
});
