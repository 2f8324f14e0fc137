// Promise: what providers say about their limits is understood, in each of the forms below; answers are like those of the
// provider named, with its headers and body.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askedWaitMs, isLimited, quotaOf } from "../../src/outbound/rate-limit-headers.ts";
import { isRetryable } from "../../src/outbound/retry.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const epoch = (seconds: number): string => String(NOW / 1000 + seconds);
const answer = (status: number, headers: Record<string, string>, data: unknown = "") => ({ status, headers, data });
const catalogue = loadCatalogue({ files: [] });
const entryOf = (provider: string) => catalogue.get(provider)?.proxy?.retry;

type Said = { status: number; headers: Record<string, string>; data?: unknown; waitMs: number | undefined };

const REFUSALS: Record<string, Said & { provider: string }> = {
  "Attio: a date": {
    provider: "attio",
    status: 429,
    headers: { "retry-after": "Sun, 01 Mar 2026 12:00:01 GMT" },
    waitMs: 1000,
  },
  "Slack: seconds": { provider: "slack", status: 429, headers: { "retry-after": "30" }, waitMs: 30_000 },
  "Zendesk: seconds beside its quota": {
    provider: "zendesk",
    status: 429,
    headers: { "retry-after": "53", "x-rate-limit": "700", "x-rate-limit-remaining": "0", "ratelimit-reset": "54" },
    waitMs: 53_000,
  },
  "GitHub: the hour's quota is used up": {
    provider: "github",
    status: 403,
    headers: { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": epoch(1200) },
    data: { message: "API rate limit exceeded for user ID 1." },
    waitMs: 1_200_000,
  },
  "GitHub: a secondary limit with a wait": {
    provider: "github",
    status: 403,
    headers: { "retry-after": "60", "x-ratelimit-remaining": "4500", "x-ratelimit-reset": epoch(1200) },
    waitMs: 60_000,
  },
  "GitHub: a secondary limit in words alone": {
    provider: "github",
    status: 403,
    headers: {},
    data: { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." },
    waitMs: undefined,
  },
  "GitLab: the reset is an epoch": {
    provider: "gitlab",
    status: 429,
    headers: { "ratelimit-limit": "60", "ratelimit-remaining": "0", "ratelimit-reset": epoch(40) },
    waitMs: 40_000,
  },
  "Google: 403 with a reason": {
    provider: "google-calendar",
    status: 403,
    headers: {},
    data: { error: { errors: [{ domain: "usageLimits", reason: "rateLimitExceeded" }], code: 403 } },
    waitMs: undefined,
  },
  "HubSpot: a window, told in words of its own": {
    provider: "hubspot",
    status: 429,
    headers: { "x-hubspot-ratelimit-remaining": "0", "x-hubspot-ratelimit-interval-milliseconds": "10000" },
    data: { errorType: "RATE_LIMIT", policyName: "TEN_SECONDLY_ROLLING" },
    waitMs: undefined,
  },
  "HubSpot: the day's quota": {
    provider: "hubspot",
    status: 429,
    headers: { "x-hubspot-ratelimit-daily-remaining": "0" },
    data: { errorType: "RATE_LIMIT", policyName: "DAILY" },
    waitMs: undefined,
  },
  "Salesforce: 403 with a code in a list": {
    provider: "salesforce",
    status: 403,
    headers: { "sforce-limit-info": "api-usage=15000/15000" },
    data: [{ message: "TotalRequests Limit exceeded.", errorCode: "REQUEST_LIMIT_EXCEEDED" }],
    waitMs: undefined,
  },
  "BambooHR: 503 with a wait": { provider: "bamboohr", status: 503, headers: { "retry-after": "20" }, waitMs: 20_000 },
  "Linear: a reset in milliseconds": {
    provider: "linear",
    status: 429,
    headers: { "x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": String(NOW + 2500) },
    waitMs: 2500,
  },
  "Jira: a reset to the minute": {
    provider: "jira",
    status: 429,
    headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T12:02Z" },
    waitMs: 120_000,
  },
  "Shopify: seconds with a fraction": {
    provider: "none",
    status: 429,
    headers: { "retry-after": "2.0" },
    waitMs: 2000,
  },
  "Discord: the time left, and an epoch with a fraction": {
    provider: "none",
    status: 429,
    headers: { "x-ratelimit-reset-after": "0.75", "x-ratelimit-reset": `${epoch(0)}.75` },
    waitMs: 750,
  },
  "Reddit: seconds left": {
    provider: "none",
    status: 429,
    headers: { "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "271" },
    waitMs: 271_000,
  },
  "the IETF draft of today": {
    provider: "none",
    status: 429,
    headers: {
      "ratelimit-policy": '"burst";q=100;w=60,"day";q=1000;w=86400',
      ratelimit: '"burst";r=0;t=15, "day";r=12;t=3600',
    },
    waitMs: 15_000,
  },
  "the IETF draft of 2023": {
    provider: "none",
    status: 429,
    headers: { "ratelimit-policy": "100;w=10", ratelimit: "limit=100, remaining=0, reset=7" },
    waitMs: 7000,
  },
  "a wait of no time is under a second": {
    provider: "none",
    status: 429,
    headers: { "retry-after": "0" },
    waitMs: 1000,
  },
};

for (const [name, { provider, status, headers, data, waitMs }] of Object.entries(REFUSALS)) {
  test(`a refusal is understood: ${name}`, () => {
    const said = answer(status, headers, data);
    assert.equal(isLimited(said, entryOf(provider)), true);
    assert.equal(isRetryable(said, entryOf(provider)), true);
    assert.equal(askedWaitMs(said, entryOf(provider), NOW), waitMs);
  });
}

test("a 403 for another reason, a fault and a success are no refusals for a limit", () => {
  const forbidden = answer(
    403,
    { "x-ratelimit-remaining": "4999", "x-ratelimit-reset": epoch(9) },
    { message: "Forbidden" },
  );
  assert.equal(isLimited(forbidden, entryOf("github")), false);
  assert.equal(isRetryable(forbidden, entryOf("github")), false);
  assert.equal(isLimited(answer(403, {}, { error: { errors: [{ reason: "dailyLimitExceeded" }] } }), undefined), false);
  assert.equal(isLimited(answer(503, {}), undefined), false);
  assert.equal(isLimited(answer(502, { "retry-after": "9" }), undefined), false);
  assert.equal(isLimited(answer(200, { "x-ratelimit-remaining": "0", "retry-after": "0" }), undefined), false);
});

test("what is left is read from any answer, with the limit and the time of the reset", () => {
  const usual = { "x-ratelimit-limit": "100", "x-ratelimit-remaining": "7", "x-ratelimit-reset": epoch(9) };
  assert.deepEqual(quotaOf(answer(200, usual), undefined, NOW), { remaining: 7, limit: 100, resetMs: 9000 });
  const linear = {
    "x-ratelimit-requests-limit": "1500",
    "x-ratelimit-requests-remaining": "0",
    "x-ratelimit-requests-reset": String(NOW + 50),
  };
  assert.deepEqual(quotaOf(answer(200, linear), entryOf("linear"), NOW), { remaining: 0, limit: 1500, resetMs: 50 });
  const draft = { "ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "3", "ratelimit-reset": "12" };
  assert.deepEqual(quotaOf(answer(200, draft), undefined, NOW), { remaining: 3, limit: 100, resetMs: 12_000 });
  assert.equal(quotaOf(answer(200, {}), undefined, NOW), undefined);
  assert.equal(quotaOf(answer(200, { "x-ratelimit-remaining": "" }), undefined, NOW), undefined);
  assert.equal(
    quotaOf(answer(200, { "x-ratelimit-limit": "0", "x-ratelimit-remaining": "0" }), undefined, NOW),
    undefined,
  );
});

test("of several quotas the one nearest its end counts, and of used up ones the longest", () => {
  const several = (ratelimit: string) => quotaOf(answer(200, { ratelimit }), undefined, NOW);
  assert.equal(several('"a";r=90;t=5, "b";r=2;t=60')?.resetMs, 60_000);
  assert.equal(several('"a";r=0;t=5, "b";r=0;t=60, "c";r=0;t=9')?.resetMs, 60_000);
});
