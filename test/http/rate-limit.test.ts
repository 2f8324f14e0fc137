// How often a key may call, and who guesses keys.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Request } from "express";
import { createGraphql } from "../../src/graphql/graphql.ts";
import { createGuess } from "../../src/http/access/wrong-keys.ts";
import { createApp } from "../../src/http/app.ts";
import { createFlowSockets } from "../../src/http/oauth/sockets.ts";
import { createLogger } from "../../src/log.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { until } from "../helpers/until.ts";
import { type CallOptions, DEV_KEY, PROD_KEY, type TestApi, testApi } from "./api.ts";

const LIMIT = 5;
const MINUTE = 60_000;
const START = Date.parse("2026-03-01T12:00:00Z");
const access = { requestsPerMinute: LIMIT };

const limited = (answer: { headers: Headers }) =>
  ["limit", "remaining", "reset"].map((name) => Number(answer.headers.get(`x-ratelimit-${name}`)));

/** One more API process on the same database. */
const another = async (t: { after: (hook: () => void) => void }, api: TestApi): Promise<string> => {
  const { db, keys, runs } = api;
  const log = createLogger("silent");
  const catalogue = loadCatalogue({ files: [] });
  const graphql = createGraphql({ url: db.url, keys, catalogue, log });
  t.after(graphql.close);
  const flowSockets = createFlowSockets({ url: db.url, pool: db.pool, log });
  t.after(flowSockets.close);
  const app = createApp({ db: db.pool, keys, catalogue, log, access, ready: () => true, runs, graphql, flowSockets });
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

test("rate limit", async (t) => {
  const api = await testApi(t, { access });
  let now = START;
  t.mock.timers.enable({ apis: ["Date"], now });
  const nextMinute = () => {
    now += MINUTE;
    t.mock.timers.setTime(now);
  };
  const get = (options?: CallOptions, path = "/environment-variables") => api.call("GET", path, options);
  const statuses = async (count: number, options?: CallOptions) => {
    const found = [];
    for (let n = 0; n < count; n++) found.push((await get(options)).status);
    return found.join(" ");
  };

  await t.test("each answer says what is left; beyond the limit it says when to go on", async () => {
    t.mock.timers.setTime(now + 12_500);
    const reset = START / 1000 + 60;
    assert.deepEqual(limited(await get()), [LIMIT, 4, reset]);
    assert.deepEqual(limited(await get({}, "/environments")), [LIMIT, 3, reset], "also one that is refused");
    assert.deepEqual(limited(await get({}, "/logs?level=loud")), [LIMIT, 2, reset]);
    assert.equal(await statuses(2), "200 200");
    const over = await get();
    assert.deepEqual([over.status, limited(over)], [429, [LIMIT, 0, reset]]);
    const { message: _message, ...error } = over.body.error;
    assert.deepEqual(error, { code: "too_many_request", method: "GET", path: "/environment-variables" });
    assert.equal(over.headers.get("retry-after"), "48");
    nextMinute();
    assert.equal((await get()).status, 200);
  });

  await t.test("each key has its own, and calls of functions have one beside it", async () => {
    nextMinute();
    assert.equal(await statuses(6), "200 200 200 200 200 429");
    assert.equal(await statuses(1, { headers: { "nango-is-script": "true" } }), "200");
    assert.equal(await statuses(1, { key: PROD_KEY }), "200");
    assert.equal(await statuses(1), "429");
    assert.equal((await get({ key: null }, "/health")).headers.get("x-ratelimit-limit"), null);
  });

  await t.test("two processes share what they count, about once a second", async () => {
    nextMinute();
    const url = await another(t, api);
    assert.equal(await statuses(4), "200 200 200 200");
    const sum = "select sum(requests)::int as n from syncline.request_counts where window_start = $1";
    const shared = async () => (await api.db.query(sum, [new Date(now).toISOString()]))[0]?.n;
    await until("the first has shared", async () => (await shared()) === 4);
    const there = () => fetch(`${url}/environment-variables`, { headers: { authorization: `Bearer ${DEV_KEY}` } });
    assert.equal((await there()).status, 200);
    await until("the second has shared", async () => (await shared()) === 5);
    const refused = await until("the second knows", async () => {
      const answer = await there();
      return answer.status === 429 ? answer : undefined;
    });
    assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
  });

  await t.test("where counts cannot be shared, each process goes by its own", async () => {
    nextMinute();
    await api.db.query("alter function syncline.share_request_counts(timestamptz, text[], int[]) rename to gone");
    assert.equal(await statuses(6), "200 200 200 200 200 429");
    await until("it is logged", () => api.logged.some((line) => line.includes("rate_limit.not_shared")));
    nextMinute();
    assert.equal(await statuses(1), "200");
  });

  await t.test("an address that guesses has to wait; a good key from there works on", async () => {
    nextMinute();
    assert.equal(await statuses(1), "200");
    const guess = async (key: string) => {
      const { status, headers } = await get({ key });
      return `${status} ${headers.get("retry-after")}`;
    };
    const answers = await Promise.all(Array.from({ length: 120 }, (_, n) => guess(`guess ${n}`.replace(" ", "-"))));
    assert.equal(answers.filter((one) => one === "401 null").length, 100);
    assert.equal(answers.filter((one) => one === "429 60").length, 20);
    assert.equal(await statuses(1), "200");
    t.mock.timers.setTime(now + 10_000);
    assert.equal(await statuses(1), "200", "its memory is old by now");
    nextMinute();
    assert.equal(await guess("guess-again"), "401 null");
  });
});

test("a lookup that finds something is no guess", async () => {
  const guess = createGuess();
  const req = { ip: "192.0.2.1", method: "GET", path: "/" } as Request;
  const find = (found: boolean | null) => guess(req, async () => found);
  for (let n = 0; n < 150; n++) assert.equal(await find(true), true);
  for (let n = 0; n < 100; n++) assert.equal(await find(null), null);
  await assert.rejects(find(true), { code: "too_many_request" });
  const other = { ...req, ip: "2001:db8::1" } as Request;
  assert.equal(await guess(other, async () => true), true);
});
