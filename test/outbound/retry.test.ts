// Promise: which answers are tried again, and how long is waited, is exactly the table below.
import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, isRetryable, retryWaitMs } from "../../src/outbound/retry.ts";
import type { ProviderRetry } from "../../src/providers/schema.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const inSeconds = (seconds: number): string => String(NOW / 1000 + seconds);
const wait = (status: number, headers: Record<string, string>, retry?: ProviderRetry, data: unknown = "") =>
  retryWaitMs({ status, headers, data }, retry, { now: NOW, retriesMade: 0 });

test("without a list of its own a provider's 5xx, 429 and 401 are tried again, and what the caller adds", () => {
  const retried = (status: number, retryOn?: number[], retry?: ProviderRetry, headers = {}) =>
    isRetryable({ status, headers, data: "" }, retry, retryOn);
  for (const status of [500, 502, 503, 504, 599, 429, 401]) assert.equal(retried(status), true, String(status));
  for (const status of [300, 304, 400, 403, 404, 409, 422]) assert.equal(retried(status), false, String(status));
  assert.equal(retried(403, [], undefined, { "retry-after": "60" }), true);
  assert.equal(retried(404, [404, 409]), true);
  assert.equal(retried(403, [], { remaining: "X-Left" }, { "x-left": "0" }), true);
  assert.equal(retried(403, [], { remaining: "X-Left" }, { "x-left": "1" }), false);
});

test("a provider's own list replaces the default one", () => {
  const retry = { error_code: ["403", "5xx", "420-425"] };
  const retried = (status: number) => isRetryable({ status, headers: {}, data: "" }, retry);
  for (const status of [403, 500, 599, 420, 423, 425]) assert.equal(retried(status), true, String(status));
  for (const status of [401, 429, 419, 426, 404]) assert.equal(retried(status), false, String(status));
});

test("without advice the wait doubles from 3 seconds to 10 minutes", () => {
  const waits = [0, 1, 2, 6, 7, 8, 50].map(backoffMs);
  assert.deepEqual(waits, [3000, 6000, 12_000, 192_000, 384_000, 600_000, 600_000]);
  assert.equal(wait(500, {}), 3000);
});

test("the provider's at headers are read as epoch seconds, milliseconds or a date in the future", () => {
  const retry = { at: "X-Reset" };
  assert.equal(wait(429, { "x-reset": inSeconds(40) }, retry), 40_000);
  assert.equal(wait(429, { "x-reset": String(NOW + 1500) }, retry), 1500);
  assert.equal(wait(429, { "x-reset": "Sun, 01 Mar 2026 12:00:09 GMT" }, retry), 9000);
  assert.equal(wait(429, { "x-reset": inSeconds(-5) }, retry), 3000);
  assert.equal(wait(429, { "x-reset": "soon" }, retry), 3000);
  assert.equal(wait(429, { "x-reset": "soon", "retry-after": "9" }, retry), 9000, "the usual place is looked at next");
});

test("of several headers the longest wait wins, and it has no upper limit", () => {
  const retry = { at: ["x-a", "x-b"], after: ["retry-after", "x-c"] };
  const headers = { "x-a": inSeconds(10), "x-b": inSeconds(7200), "retry-after": "30", "x-c": "junk" };
  assert.equal(wait(429, headers, retry), 7_200_000);
  assert.equal(wait(429, { ...headers, "x-c": "9000" }, retry), 9_000_000);
});

test("a server fault does not wait for the reset while quota is left", () => {
  const retry = { at: "x-reset", remaining: "x-left" };
  const headers = { "x-reset": inSeconds(3000), "x-left": "4999" };
  assert.equal(wait(502, headers, retry), 3000);
  assert.equal(wait(502, { ...headers, "x-left": "0" }, retry), 3_000_000);
  assert.equal(wait(429, headers, retry), 3_000_000);
});

test("a refusal with quota left that names a wait of its own does not wait for the reset", () => {
  const retry = { at: "x-reset", remaining: "x-left", after: "retry-after" };
  const headers = { "x-reset": inSeconds(3000), "retry-after": "60" };
  assert.equal(wait(403, { ...headers, "x-left": "4500" }, retry), 60_000);
  assert.equal(wait(403, { ...headers, "x-left": "0" }, retry), 3_000_000);
});

test("a wait named in the body is found by its pattern, with or without slashes", () => {
  const data = { error: { message: "Slow down. Retry after 42 seconds" } };
  const place = { path: "error.message", strategy: "after" as const };
  assert.equal(wait(429, {}, { in_body: { ...place, value: "after (\\d+) sec" } }, data), 42_000);
  assert.equal(wait(429, {}, { in_body: { ...place, value: "/after (\\d+) sec/" } }, data), 42_000);
  assert.equal(wait(429, {}, { in_body: { ...place, value: "never" } }, data), 3000);
  const until = { error: { message: "Retry after 2026-03-01T12:00:05.000Z" } };
  const value = "after (.*Z)";
  assert.equal(wait(403, {}, { in_body: { path: "error.message", value, strategy: "at" } }, until), 5000);
});

test("a provider without an entry has its Retry-After honoured, in seconds or as a date", () => {
  assert.equal(wait(503, { "retry-after": "17" }), 17_000);
  assert.equal(wait(429, { "retry-after": "0.5" }), 500);
  assert.equal(wait(429, { "retry-after": "Sun, 01 Mar 2026 12:02:00 GMT" }), 120_000);
  assert.equal(wait(429, { "retry-after": "Sun, 01 Mar 2020 12:02:00 GMT" }), 3000);
  assert.equal(wait(429, { "retry-after": "5" }, { remaining: "x-left" }), 5000);
});

test("the usual reset headers count for a limit that was hit, and only then", () => {
  assert.equal(wait(429, { "x-ratelimit-reset": inSeconds(20) }), 20_000);
  assert.equal(wait(429, { "x-rate-limit-reset": String(NOW + 2500) }), 2500);
  assert.equal(wait(429, { "x-ratelimit-reset": "12" }), 12_000);
  assert.equal(wait(429, { "ratelimit-reset": "33" }), 33_000);
  assert.equal(wait(403, { "x-ratelimit-reset": "12", "x-ratelimit-remaining": "0" }), 12_000);
  assert.equal(wait(500, { "x-ratelimit-reset": inSeconds(3600), "x-ratelimit-remaining": "10" }), 3000);
});
