import assert from "node:assert/strict";
import { test } from "node:test";
import { context, poolForFile, recordingHost } from "./isolates.ts";

const { pool, runBody } = poolForFile(2, 32);

const typeOf = (outcome: Awaited<ReturnType<typeof runBody>>) => (outcome.ok ? "ok" : outcome.error.type);

/** Resolves when the function calls nango.log. */
const signalled = () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { call } = recordingHost({ log: () => resolve() });
  return { promise, call };
};

test("a busy loop is ended by the timeout while another run goes on", async () => {
  const started = signalled();
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

test("a promise that never settles ends with the timeout", async () => {
  assert.equal(typeOf(await runBody(`await new Promise(() => {});`, { timeoutMs: 50 })), "execution_timeout");
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
  const { runBody: run } = poolForFile(1);
  const body = `Map.runs = (Map.runs ?? 0) + 1; return Map.runs;`;
  const inEnvironment = async (environmentId: number) => {
    const outcome = await run(body, { context: { ...context, environmentId } });
    return outcome.ok ? outcome.value : outcome.error.message;
  };
  const seen = [];
  for (const environment of [1, 1, 2, 1, 1]) seen.push(await inEnvironment(environment));
  assert.deepEqual(seen, [1, 2, 1, 1, 2]);
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

test("a call made after the run is over reaches nobody", async () => {
  const { run } = poolForFile(1);
  const { call, calls } = recordingHost();
  const source = `export default { exec: async (nango) => { Map.old ??= nango; return await Map.old.log("x"); } };`;
  await run(source, { call });
  await run(source, { call });
  assert.equal(calls.length, 1);
});

test("a closed pool takes no more runs", async () => {
  await pool.close();
  assert.equal(typeOf(await runBody(`return 1;`)), "script_aborted");
});
