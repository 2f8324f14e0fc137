import assert from "node:assert/strict";
import { test } from "node:test";
import { context, poolForFile, recordingHost, syncFile } from "./isolates.ts";

const { run, runBody } = poolForFile();

const callsOf = async (body: string, answers = {}, job = {}) => {
  const host = recordingHost(answers);
  const outcome = await runBody(body, { call: host.call, ...job });
  assert.deepEqual(outcome.ok ? null : outcome.error, null);
  return { calls: host.calls, value: outcome.ok ? outcome.value : null };
};

test("each verb sends its method, and proxy sends GET unless told otherwise", async () => {
  const answer = { status: 200, statusText: "OK", headers: {}, data: {} };
  const { calls } = await callsOf(
    `for (const verb of ["get", "post", "put", "patch", "delete"]) await nango[verb]({ endpoint: "/" + verb });
    await nango.proxy({ endpoint: "/p" });
    await nango.proxy({ endpoint: "/q", method: "put" });
    await nango.proxy({ endpoint: "/r", method: "report" });
    await nango.proxy({ endpoint: "/s", method: "PROPFIND", data: "<propfind/>" });`,
    { proxy: () => answer },
  );
  const sent = calls.map(([, request]) => request);
  const verbs = ["get", "post", "put", "patch", "delete"];
  assert.deepEqual(sent, [
    ...verbs.map((verb) => ({ method: verb.toUpperCase(), endpoint: `/${verb}` })),
    { method: "GET", endpoint: "/p" },
    { method: "PUT", endpoint: "/q" },
    { method: "REPORT", endpoint: "/r" },
    { method: "PROPFIND", endpoint: "/s", data: "<propfind/>" },
  ]);
});

test("a request crosses in the normal form of the contract", async () => {
  const { calls } = await callsOf(
    `await nango.post({
      endpoint: "/x", params: { ids: [1, 2], missing: undefined, page: 3 }, data: { at: new Date(0), none: undefined },
      headers: { "X-Count": 5, gone: undefined }, retries: 3, retryOn: [404], baseUrlOverride: "https://a.example",
      decompress: "true", responseType: "json", paginate: { type: "link" }, retryHeader: {}, connectionId: "customer-1",
    });
    await nango.post({ endpoint: "/form", data: new URLSearchParams({ a: "1 2" }) });
    await nango.put({ endpoint: "/bytes", data: Buffer.from("abc") });`,
    { proxy: () => ({ status: 200, statusText: "OK", headers: {}, data: {} }) },
  );
  assert.deepEqual(
    calls.map(([, request]) => request),
    [
      {
        method: "POST",
        endpoint: "/x",
        params: { ids: "1,2", missing: undefined, page: 3 },
        data: { at: "1970-01-01T00:00:00.000Z" },
        headers: { "X-Count": "5" },
        retries: 3,
        retryOn: [404],
        baseUrlOverride: "https://a.example",
        decompress: true,
        responseType: "json",
      },
      {
        method: "POST",
        endpoint: "/form",
        data: "a=1+2",
        headers: { "content-type": "application/x-www-form-urlencoded;charset=utf-8" },
      },
      { method: "PUT", endpoint: "/bytes", data: new Uint8Array([97, 98, 99]) },
    ],
  );
});

test("an answer looks like axios's, and binary data is a Buffer", async () => {
  const { value } = await callsOf(
    `const { data, status, statusText, headers, config } = await nango.get({ endpoint: "/x" });
    return { text: data.toString("utf8"), status, statusText, headers, endpoint: config.endpoint };`,
    { proxy: () => ({ status: 201, statusText: "Created", headers: { a: "b" }, data: new Uint8Array([104, 105]) }) },
  );
  assert.deepEqual(value, { text: "hi", status: 201, statusText: "Created", headers: { a: "b" }, endpoint: "/x" });
});

test("a request in the name of another connection is refused before it is sent", async () => {
  const host = recordingHost();
  const outcome = await runBody(`await nango.get({ endpoint: "/x", connectionId: "customer-2" });`, {
    call: host.call,
  });
  assert.equal(outcome.ok, false);
  assert.deepEqual(host.calls, []);
});

test("a refused request rejects with an axios-like error that a function can catch and read", async () => {
  const response = { status: 404, statusText: "Not Found", headers: { a: "b" }, data: { reason: "gone" } };
  const failure = Object.assign(new Error("x"), { name: "UpstreamError", code: "script_http_error", response });
  const { value } = await callsOf(
    `try { await nango.get({ endpoint: "/x" }); } catch (error) {
      const { status, data, headers } = error.response;
      return { is: error instanceof Error, isAxiosError: error.isAxiosError, message: error.message, code: error.code, status, data, headers };
    }`,
    {
      proxy: () => {
        throw failure;
      },
    },
  );
  assert.deepEqual(value, {
    is: true,
    isAxiosError: true,
    message: "Request failed with status code 404",
    code: "ERR_BAD_REQUEST",
    status: 404,
    data: { reason: "gone" },
    headers: { a: "b" },
  });
});

test("rows cross as JSON would carry them, without the internal field, and an empty list makes no call", async () => {
  const { calls, value } = await callsOf(
    `const row = { id: "1", at: new Date(0), none: undefined, list: [undefined, NaN], fn() {}, _nango_metadata: { x: 1 } };
    const saved = await nango.batchSave([row], "Row");
    await nango.batchUpdate([{ id: "1" }], "Row");
    await nango.batchDelete([{ id: "1" }], "Row");
    return [saved, await nango.batchSave([], "Row"), "_nango_metadata" in row];`,
  );
  assert.deepEqual(calls, [
    ["batchSave", [{ id: "1", at: "1970-01-01T00:00:00.000Z", list: [null, null] }], "Row"],
    ["batchUpdate", [{ id: "1" }], "Row"],
    ["batchDelete", [{ id: "1" }], "Row"],
  ]);
  assert.deepEqual(value, [true, true, true]);
});

test("more than 1000 rows go in messages of 1000, and the first failure stops the rest", async () => {
  const body = `await nango.batchSave(Array.from({ length: 2500 }, (_, i) => ({ id: String(i) })), "Row");`;
  const { calls } = await callsOf(body);
  assert.deepEqual(
    calls.map(([, rows]) => (rows as unknown[]).length),
    [1000, 1000, 500],
  );
  const host = recordingHost({
    batchSave: (rows: { id: string }[]) => {
      if (rows[0]?.id === "1000") throw new Error("no room");
      return true;
    },
  });
  const outcome = await runBody(body, { call: host.call });
  assert.equal(outcome.ok ? "" : outcome.error.message, "no room");
  assert.equal(host.calls.length, 2);
});

test("checkpoints, delete tracking, metadata, connection and merging reach the host with the contract's arguments", async () => {
  const { calls, value } = await callsOf(
    `await nango.saveCheckpoint({ cursor: "a", at: new Date(0) });
    const checkpoint = await nango.getCheckpoint();
    await nango.clearCheckpoint();
    await nango.trackDeletesStart("Row");
    const deleted = await nango.trackDeletesEnd("Row");
    await nango.setMergingStrategy({ strategy: "ignore_if_modified_after" }, "Row");
    await nango.setMetadata({ a: 1 });
    await nango.updateMetadata({ b: undefined, c: 2 });
    const metadata = await nango.getMetadata();
    await nango.getConnection();
    await nango.getConnection("p", "c", { forceRefresh: true });
    return { checkpoint, deleted, metadata };`,
    {
      getCheckpoint: () => ({ cursor: "a" }),
      trackDeletesEnd: () => ({ deletedKeys: ["1"] }),
      getMetadata: () => ({ region: "eu" }),
    },
  );
  assert.deepEqual(calls, [
    ["saveCheckpoint", { cursor: "a", at: "1970-01-01T00:00:00.000Z" }],
    ["getCheckpoint"],
    ["clearCheckpoint"],
    ["trackDeletesStart", "Row"],
    ["trackDeletesEnd", "Row"],
    ["setMergingStrategy", { strategy: "ignore_if_modified_after" }, "Row"],
    ["setMetadata", { a: 1 }],
    ["updateMetadata", { c: 2 }],
    ["getMetadata"],
    ["getConnection"],
    ["getConnection", "p", "c", { forceRefresh: true }],
  ]);
  assert.deepEqual(value, {
    checkpoint: { cursor: "a" },
    deleted: { deletedKeys: ["1"] },
    metadata: { region: "eu" },
  });
});

test("log takes a level from its last argument, drops what is below the threshold, and never fails the run", async () => {
  const body = `await nango.log("plain");
    await nango.log("loud", { id: 1 }, { level: "error" });
    await nango.log("http", { level: "http" });
    await nango.log("quiet", { level: "silly" });
    await nango.log({ a: 1 }, new Error("why"));
    await nango.log("x".repeat(20000), "y".repeat(200000));
    await nango.log("big", 1n);
    console.warn("from console", { b: 2 });`;
  const { calls } = await callsOf(body, {}, { context: { ...context, logLevel: "info" } });
  const messages = calls.map(([, entry]) => entry as { level: string; message: string; meta: unknown });
  assert.deepEqual(
    messages.filter(({ message }) => message.length < 100),
    [
      { level: "info", message: "plain", meta: undefined },
      { level: "error", message: "loud", meta: { id: 1 } },
      { level: "info", message: "http", meta: undefined },
      { level: "info", message: '{"a":1}', meta: { name: "Error", message: "why" } },
      { level: "warn", message: "from console", meta: { args: [{ b: 2 }] } },
    ],
  );
  const long = messages.find(({ message }) => message.length >= 100);
  assert.equal(long?.message.length, 10_000);
  assert.ok(JSON.stringify(long?.meta).length < 99_100);
  const failing = { log: () => Promise.reject(new Error("log is down")) };
  await callsOf(`await nango.log("x");`, failing);
});

test("the facts of the run are readable, and the last sync date is a Date or undefined", async () => {
  const body = `return [nango.variant, nango.connectionId, nango.providerConfigKey, nango.provider, nango.environmentName, nango.environmentId, nango.syncId,
    nango.scriptType, nango.isCLI, nango.lastSyncDate?.toISOString() ?? "never", nango.lastSyncDate === undefined || nango.lastSyncDate instanceof Date];`;
  const facts = ["base", "customer-1", "acme-eu", "acme", "dev", 1, "7", "sync", false];
  assert.deepEqual((await callsOf(body)).value, [...facts, "never", true]);
  const later = { ...context, lastSyncDate: "2026-01-02T03:04:05.000Z" };
  assert.deepEqual((await callsOf(body, {}, { context: later })).value, [...facts, later.lastSyncDate, true]);
});

test("methods work when taken out of the object, `in` knows them, and internals cannot be read or replaced", async () => {
  const { calls, value } = await callsOf(
    `const { batchSave, log } = nango;
    await batchSave([{ id: "1" }], "Row");
    await log("x");
    const refused = (act) => { try { act(); return "allowed"; } catch (error) { return error.message; } };
    return ["batchSave" in nango, "constructor" in nango, "dryRun" in nango, "fixtureProvider" in nango, nango.unknown ?? "undefined",
      refused(() => nango.constructor), refused(() => { nango.telemetryBag = 1; }), Object.getPrototypeOf(nango)];`,
  );
  assert.deepEqual(
    calls.map(([method]) => method),
    ["batchSave", "log"],
  );
  const says = (name: string) => `Access to "${name}" is not allowed.`;
  assert.deepEqual(value, [true, false, false, false, "undefined", says("constructor"), says("telemetryBag"), null]);
});

test("zodValidateInput gives the parsed data, or logs each issue and refuses with an ActionError", async () => {
  const body = (input: string) =>
    `return await nango.zodValidateInput({ zodSchema: zod.object({ a: zod.number() }), input: ${input} });`;
  assert.deepEqual((await callsOf(body("{ a: 1 }"))).value, { success: true, data: { a: 1 } });
  const host = recordingHost();
  const outcome = await runBody(body('{ a: "x" }'), { call: host.call });
  assert.deepEqual(outcome.ok ? null : [outcome.error.type, outcome.error.payload], [
    "action_script_runtime_error",
    { message: "Invalid input provided" },
  ]);
  assert.equal(host.calls.length, 1);
});

test("a webhook run calls onWebhook with the payload", async () => {
  const host = recordingHost();
  const job = {
    entry: "onWebhook",
    payload: { id: 5 },
    context: { ...context, scriptType: "webhook" },
    call: host.call,
  };
  assert.deepEqual(await run(syncFile(""), job as never), { ok: true, value: undefined });
  assert.deepEqual(host.calls, [["log", { level: "info", message: "hook", meta: { id: 5 } }]]);
});
