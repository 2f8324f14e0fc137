import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleFile, context, poolForFile, recordingHost } from "./isolates.ts";

const { pool, runBody } = poolForFile(2, 32, { litterMb: 96 });

const typeOf = (outcome: Awaited<ReturnType<typeof runBody>>) => (outcome.ok ? "ok" : outcome.error.type);

/** Resolves when the function calls nango.log. */
const signalled = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { call } = recordingHost({ log: () => resolve() });
  return { promise, call };
};

test("a busy loop is ended by the timeout while another run goes on", async () => {
  const started = signalled();
  await Promise.all([runBody(`return 1;`), runBody(`return 1;`)]); // the time counts from here, not from a thread's start
  const stuck = runBody(`await nango.log("on"); for (;;) {}`, { call: started.call, timeoutMs: 1500 });
  await started.promise;
  const other = await runBody(`return 5;`);
  assert.deepEqual(other, { ok: true, value: 5 });
  assert.equal(typeOf(await stuck), "execution_timeout");
});

test("a busy loop that V8 would take for a short one is ended too", async () => {
  const outcome = await runBody(`for (;;) new Array(1000).fill(1);`, { timeoutMs: 500 });
  assert.equal(typeOf(outcome), "execution_timeout");
});

test("a promise that settles too late ends with the timeout", async () => {
  const body = `await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  assert.equal(typeOf(await runBody(body, { timeoutMs: 50 })), "execution_timeout");
});

test("an abort ends a run at once, also one that waits for a thread", async () => {
  const started = [signalled(), signalled()];
  const stop = new AbortController();
  const job = { timeoutMs: 60_000, signal: stop.signal };
  const running = started.map(({ call }) => runBody(`await nango.log("on"); for (;;) {}`, { ...job, call }));
  await Promise.all(started.map(({ promise }) => promise));
  const waiting = runBody(`return 1;`, job);
  stop.abort();
  assert.deepEqual((await Promise.all([...running, waiting])).map(typeOf), [
    "script_aborted",
    "script_aborted",
    "script_aborted",
  ]);
  assert.equal(typeOf(await runBody(`return 1;`)), "ok");
});

test("a function that eats memory ends with its thread, and the host lives on", async () => {
  const outcome = await runBody(`const all = []; for (;;) all.push(new Array(1000).fill(all.length));`);
  assert.equal(typeOf(outcome), "function_runtime_out_of_memory");
  assert.equal(typeOf(await runBody(`return 1;`)), "ok");
});

test("endless recursion is an error like any other", async () => {
  assert.equal(typeOf(await runBody(`const f = () => f() + 1; f();`)), "script_internal_error");
});

test("neither module state nor globals pass from one run to the next", async () => {
  const { run } = poolForFile(1);
  const source = `let count = 0; export default { exec: async () => { globalThis.all = (globalThis.all ?? 0) + 1; return [++count, globalThis.all]; } };`;
  const first = { ok: true, value: [1, 1] };
  assert.deepEqual([await run(source), await run(source)], [first, first]);
});

test("a thread is used again within its environment only", async () => {
  const { run } = poolForFile(1);
  const { bundle, hash } = await bundleFile(`export default { exec: async () => "first" };`);
  const { bundle: other } = await bundleFile(`export default { exec: async () => "sent anew" };`);
  const inEnvironment = async (environmentId: number, text: string) => {
    const outcome = await run("", { bundle: text, hash, context: { ...context, environmentId } });
    return outcome.ok ? outcome.value : outcome.error.message;
  };
  const seen = [];
  const texts = [bundle, other, other, bundle, other]; // a thread that knows the hash does not look at the text
  for (const [at, environment] of [1, 1, 2, 1, 1].entries()) seen.push(await inEnvironment(environment, texts[at]!));
  assert.deepEqual(seen, ["first", "first", "sent anew", "first", "first"]);
});

test("more runs than threads wait their turn and all finish", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      runBody(`await nango.log("x"); return ${index};`, { context: { ...context, environmentId: index % 3 } }),
    ),
  );
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome)),
    Array.from({ length: 12 }, (_, i) => i),
  );
});

test("a function that waits for nothing that could ever happen ends at once, and says so", async () => {
  const never = "await new Promise(() => {});";
  for (const before of ["", `await nango.log("x");`, "await new Promise((resolve) => setTimeout(resolve, 1));"]) {
    const outcome = await runBody(before + never);
    assert.match(outcome.ok ? "" : outcome.error.message, /waits for something that can never happen/, before);
  }
  const outcome = await runBody(`Promise.reject(new Error("the reason")); ${never}`);
  assert.equal(outcome.ok ? "" : outcome.error.message, "the reason");
});

test("a closed pool takes no more runs", async () => {
  await pool.close();
  assert.equal(typeOf(await runBody(`return 1;`)), "script_aborted");
});
