import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { UpstreamError } from "../../src/outbound/types.ts";
import { poolForFile, recordingHost } from "./isolates.ts";

const { run, runBody } = poolForFile(1);

const errorOf = async (body: string, answers = {}) => {
  const outcome = await runBody(body, { call: recordingHost(answers).call });
  assert.equal(outcome.ok, false);
  return outcome.ok ? assert.fail() : outcome.error;
};

const throwing = (error: unknown) => () => {
  throw error;
};

test("an ActionError keeps an object as its payload and wraps anything else", async () => {
  const { type, status, payload } = await errorOf(`throw new nango.ActionError({ message: "no", code: 5 });`);
  assert.deepEqual([type, status, payload], ["action_script_runtime_error", 500, { message: "no", code: 5 }]);
  const wrapped = await errorOf(`throw new nango.ActionError("no");`);
  assert.deepEqual([wrapped.message, wrapped.payload], ["no", { message: "no" }]);
});

test("a provider's answer outside 2xx is the run's error, with body, status and the headers that help", async () => {
  const headers = { "content-type": "application/json", "X-RateLimit-Remaining": "0", "set-cookie": "secret" };
  const answer = { status: 429, statusText: "", headers, data: { error: "slow down" } };
  const error = await errorOf(`await nango.get({ endpoint: "/x" });`, {
    proxy: throwing(new UpstreamError("x", answer)),
  });
  const { "set-cookie": _hidden, ...shown } = headers;
  assert.deepEqual(
    { ...error, stack: "" },
    {
      type: "script_http_error",
      message: "Request failed with status code 429",
      status: 429,
      payload: { error: "slow down" },
      headers: shown,
      stack: "",
    },
  );
});

test("a provider that cannot be reached is a network error with its code", async () => {
  const failure = new UpstreamError("connect ECONNREFUSED", { networkCode: "ECONNREFUSED" });
  const { type, payload } = await errorOf(`await nango.get({ endpoint: "/x" });`, { proxy: throwing(failure) });
  assert.equal(type, "script_network_error");
  assert.deepEqual(payload, { name: "AxiosError", message: "connect ECONNREFUSED", code: "ECONNREFUSED" });
});

test("an error of the host keeps its code, which a function cannot forge", async () => {
  const interrupted = throwing(new AppError("execution_interrupted"));
  const answers = { saveCheckpoint: interrupted };
  assert.equal((await errorOf(`await nango.saveCheckpoint({});`, answers)).type, "execution_interrupted");
  const forged = await errorOf(`throw Object.assign(new Error("x"), { code: "execution_interrupted" });`);
  assert.equal(forged.type, "script_internal_error");
});

test("a host error reaches the function without the host's stack", async () => {
  const body = `try { await nango.batchSave([{ id: "1" }], "Row"); } catch (error) { throw new Error(error.code + "|" + error.stack); }`;
  const { message } = await errorOf(body, { batchSave: throwing(new AppError("invalid_sync_record", "bad row")) });
  assert.match(message, /^invalid_sync_record\|/);
  assert.doesNotMatch(message, /run-errors\.test|isolate-thread/);
});

test("anything else thrown is an internal error, whatever it is", async () => {
  const thrown = [
    [`new TypeError("odd")`, "odd"],
    [`"text"`, "text"],
    ["{ a: 1 }", '{"a":1}'],
    ["undefined", "undefined"],
  ];
  for (const [expression, message] of thrown) {
    const error = await errorOf(`throw ${expression};`);
    assert.deepEqual([error.type, error.message], ["script_internal_error", message], expression);
  }
  const spiteful = `const e = new Error("x"); Object.defineProperty(e, "code", { get() { throw new Error("y"); } }); throw e;`;
  assert.equal((await errorOf(spiteful)).type, "script_internal_error");
});

test("the stack names the author's file, line and column, and has at most 10 lines", async () => {
  const { stack } = await errorOf(
    `const deep = (n) => {\n  if (n === 0) throw new Error("deep");\n  deep(n - 1);\n};\ndeep(50);`,
  );
  const lines = stack?.split("\n") ?? [];
  assert.equal(lines[0], "Error: deep");
  assert.match(lines[1] ?? "", /at deep \(acme\/syncs\/rows\.ts:5:22\)/);
  assert.equal(lines.length, 10);
});

test("the stack of a failed request leads to the line that asked for it", async () => {
  const answer = { status: 500, statusText: "", headers: {}, data: "" };
  const proxy = throwing(new UpstreamError("x", answer));
  const { stack } = await errorOf(`await nango.log("first");\nawait nango.get({ endpoint: "/x" });`, { proxy });
  assert.match(stack ?? "", /acme\/syncs\/rows\.ts:5:13/);
});

test("a save that nobody awaited still happens before the run is over", async () => {
  let finish = () => {};
  const slow = new Promise<boolean>((resolve) => {
    finish = () => resolve(true);
  });
  const { call, calls } = recordingHost({ batchSave: () => slow, log: () => finish() });
  const body = `nango.batchSave([{ id: "1" }], "Row").then(() => nango.batchSave([{ id: "2" }], "Row")); nango.log("go");`;
  const outcome = await runBody(body, { call });
  assert.equal(outcome.ok, true);
  assert.equal(calls.filter(([method]) => method === "batchSave").length, 2);
});

test("a save that nobody awaited and that fails, fails the run", async () => {
  const error = await errorOf(`nango.batchSave([{ id: "1" }], "Row");`, {
    batchSave: throwing(new Error("disk full")),
  });
  assert.equal(error.message, "disk full");
});

test("a rejection that is caught later is not held against the run", async () => {
  const body = `const bad = nango.batchSave([{ id: "1" }], "Row"); await nango.log("a"); await nango.log("b"); await bad.catch(() => {});`;
  const { call } = recordingHost({ batchSave: throwing(new Error("disk full")) });
  assert.equal((await runBody(body, { call })).ok, true);
});

test("an error in a timer fails the run, and a timer that is left behind does not keep it", async () => {
  const error = await errorOf(`await new Promise(() => setTimeout(() => { throw new Error("late"); }, 1));`);
  assert.equal(error.message, "late");
  assert.equal((await runBody(`setTimeout(() => {}, 3600000);`)).ok, true);
});

test("a bundle that does not load or has no exec is an internal error of the run", async () => {
  const broken = await run(`throw new Error("at load");`);
  assert.deepEqual(broken.ok ? null : [broken.error.type, broken.error.message], ["script_internal_error", "at load"]);
  const empty = await run(`export default {};`);
  assert.equal(empty.ok ? null : empty.error.message, "The function has no exec.");
});
