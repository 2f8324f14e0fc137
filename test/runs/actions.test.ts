// Actions: run at once, their value or their error handed to whoever waits, alone and inside other runs.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { FunctionFailed } from "../../src/runs/function-failed.ts";
import { testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const action = (exec: string): string => `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({ description: "An action", version: "1.0.0", input: z.any(), output: z.any(), exec: async (nango, input) => {
${exec}
} });
`;

const OUTER = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({ description: "A sync", version: "1.0.0", frequency: "every day", autoStart: false, models: { Row: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const rows = await Promise.all([1, 2, 3].map((n) => nango.triggerAction("acme", nango.connectionId, "twice", { n })));
    await nango.batchSave(rows.map((n) => ({ id: String(n) })), "Row");
  } });
`;

const FILES = {
  "acme/actions/twice.ts": action("return input.n * 2;"),
  "acme/actions/contacts.ts": action(
    `const { data } = await nango.get({ endpoint: "/v1/contacts", params: { limit: 2 } });
     return data.data.map(({ id }) => id);`,
  ),
  "acme/actions/refuse.ts": action(`throw new nango.ActionError({ message: "no " + input, because: [1] });`),
  "acme/actions/missing.ts": action(`return (await nango.get({ endpoint: "/v1/nowhere" })).data;`),
  "acme/actions/wait.ts": action(
    `await nango.log("waits"); await new Promise((resolve) => setTimeout(resolve, 60_000));`,
  ),
  "acme/actions/sleep.ts": action(`await new Promise((resolve) => setTimeout(resolve, input)); return "slept";`),
  "acme/actions/huge.ts": action(`return "x".repeat(2 * 1024 * 1024);`),
  "acme/actions/circle.ts": action(`return nango.triggerAction("acme", nango.connectionId, "circle", input + 1);`),
  "acme/actions/ask.ts": action(`return nango.triggerAction("acme", nango.connectionId, input.name, input.input);`),
  "acme/actions/leave.ts": action(
    `nango.triggerAction("acme", nango.connectionId, "wait").catch(() => {}); await new Promise((r) => setTimeout(r, 100)); throw new Error("gone");`,
  ),
  "acme/actions/count.ts": action(
    `const at = (await nango.getCheckpoint())?.n ?? 0; await nango.saveCheckpoint({ n: at + 1 }); return at;`,
  ),
  "acme/syncs/outer.ts": OUTER,
};

const WAITING =
  "select from syncline.logs l join syncline.runs r on r.id = l.run_id where r.state = 'running' and l.message = 'waits'";

const setUp = async (t: TestContext) => {
  const engine = await testEngine(t, { rows: { contacts: 5 } });
  await engine.deploy(FILES);
  const connection = await engine.connect("one");
  const start = async (o: { concurrency?: number; graceMs?: number } = {}) => {
    const executor = await engine.startExecutor(o);
    const run = (name: string, input: unknown = null, signal?: AbortSignal) =>
      executor.runAction({ connection, name, input, signal });
    const waiting = () =>
      until("the action waits", async () => {
        await executor.logs.flush();
        return (await engine.db.query(WAITING)).length === 1;
      });
    return { executor, run, waiting };
  };
  let seen = 0;
  /** The runs made since this was asked for the last time, or since `forget`. */
  const runs = () =>
    engine.db.query("select id, kind, state, error from syncline.runs where id > $1 order by id", [seen]);
  const forget = async () => {
    seen = Number((await engine.db.query("select max(id) as id from syncline.runs"))[0]?.id ?? 0);
  };
  return { ...engine, connection, start, runs, forget };
};

const failed =
  (type: string, more: object = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof FunctionFailed, String(error));
    const { message, status, payload, headers } = error;
    assert.equal(error.type, type, message);
    assert.partialDeepStrictEqual({ message, status, payload, headers }, more);
    return true;
  };

test("actions", async (t) => {
  const { db, connection, records, startWorker, quiet, start, runs, forget } = await setUp(t);
  const { executor, run, waiting } = await start({ concurrency: 1 });
  const promised = (name: string, body: () => Promise<void>) => t.test(name, () => forget().then(body));

  await promised("an action gets its input, speaks for its connection, and its value comes back", async () => {
    assert.equal(await run("twice", { n: 21 }), 42);
    assert.equal(((await run("contacts")) as string[]).length, 2);
    const ended = (await runs()).map(({ kind, state }) => `${kind} ${state}`);
    assert.deepEqual(ended, ["action succeeded", "action succeeded"]);
    await executor.logs.flush();
    const lines = await db.query(
      "select message, function_name, detail from syncline.list_logs(1, null, null, 'run', null, null, 9)",
    );
    assert.deepEqual(lines[0], { message: "started", function_name: "twice", detail: { attempt: 1, action: "twice" } });
    assert.equal(lines[1]?.message, "succeeded");
  });

  await promised("its error says what it was, with the payload, the provider's status and headers", async () => {
    const payload = { message: "no way", because: [1] };
    await assert.rejects(run("refuse", "way"), failed("action_script_runtime_error", { message: "no way", payload }));
    const headers = { "content-type": "application/json; charset=utf-8" };
    await assert.rejects(run("missing"), failed("script_http_error", { status: 404, headers }));
    await assert.rejects(run("huge"), failed("script_output_too_large"));
    await assert.rejects(run("nothing"), { code: "not_found" });
    assert.deepEqual(
      (await runs()).map(({ state, error }) => `${state} ${error.type}`),
      ["failed action_script_runtime_error", "failed script_http_error", "failed script_output_too_large"],
    );
  });

  await promised("actions inside runs end though all places are taken, by a sync and by actions", async () => {
    const nested = { name: "ask", input: { name: "twice", input: { n: 4 } } };
    assert.deepEqual(await Promise.all([run("ask", nested), run("ask", nested), run("ask", nested)]), [8, 8, 8]);
    const worker = await startWorker({ concurrency: 1 });
    await db.query("select syncline.create_run(id, 'trigger', false) from syncline.syncs");
    await quiet();
    await worker.stop();
    assert.deepEqual((await records(connection, "Row")).map(({ id }) => id).sort(), ["2", "4", "6"]);
  });

  await promised("a nested action's error reaches the function that asked, and from there its caller", async () => {
    const refused = run("ask", { name: "refuse", input: "way" });
    await assert.rejects(refused, failed("action_script_runtime_error", { payload: { because: [1] } }));
  });

  await promised("actions that call each other in a circle end five deep, with an error that says so", async () => {
    await assert.rejects(run("circle", 1), failed("action_too_deep"));
    assert.equal((await runs()).length, 6);
  });

  await promised("whoever goes away ends the run, and the runs inside it", async () => {
    const away = new AbortController();
    const ending = assert.rejects(run("ask", { name: "wait" }, away.signal), failed("script_aborted"));
    await waiting();
    away.abort();
    await ending;
    await until("both ended", async () => (await runs()).every(({ state }) => state === "cancelled"));
    assert.equal((await runs()).length, 2);
  });

  await promised("a function that fails leaves no nested run behind", async () => {
    await assert.rejects(run("leave"), failed("script_internal_error", { message: "gone" }));
    const states = async () => (await runs()).map(({ state }) => state);
    await until("the nested run ended", async () => !(await states()).includes("running"));
    assert.deepEqual(await states(), ["failed", "cancelled"]);
  });

  await promised("a cancelled action ends at once, and its caller hears of it", async () => {
    const ending = assert.rejects(run("wait"), failed("script_aborted")); // not after the query: it may hear of it first
    await waiting();
    await db.query("select syncline.cancel_run(id) from syncline.runs where state = 'running'");
    await ending;
  });

  await promised("an action remembers its checkpoint", async () => {
    assert.deepEqual([await run("count"), await run("count"), await run("count")], [0, 1, 2]);
  });

  await promised("a stop fails what does not end in time, and takes no more", async () => {
    const stopping = await start({ graceMs: 100 });
    const running = stopping.run("wait");
    await stopping.waiting();
    const message = "The server was stopped while this ran.";
    const failing = assert.rejects(running, failed("script_aborted", { message }));
    await Promise.all([stopping.executor.stop(), failing]);
    assert.deepEqual(
      (await runs()).map(({ state, error }) => `${state} ${error.type}`),
      ["failed script_aborted"],
    );
    await assert.rejects(stopping.run("twice", { n: 1 }), { code: "script_aborted" });
  });

  await promised("an action that lasts longer than a lease keeps it, as its process says that it lives", async () => {
    await db.query("update syncline.settings set lease = '3 s'");
    const { run: runBriefly } = await start();
    const running = runBriefly("sleep", 5_000);
    await until("its first lease would have ended", async () => {
      await db.query("select syncline.tick(10)");
      const [row] = await db.query("select syncline.now() - max(started_at) > '4 s' as is_over from syncline.runs");
      return row?.is_over;
    });
    assert.equal(await running, "slept");
  });

  await promised("an action that takes too long ends", async () => {
    await db.query("update syncline.settings set action_timeout = '1 s'");
    await assert.rejects(run("wait"), failed("execution_timeout"));
  });
});
