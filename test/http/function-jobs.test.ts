// /functions/compile, /functions/deployments, /functions/dryruns, /functions/invocations: single functions, from text to use.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../helpers/until.ts";
import { DEV_KEY, PROD_KEY, syncFunction, testApi } from "./api.ts";

const action = (output: string, exec: string): string => `import { createAction } from "nango";
import { z } from "zod";
export default createAction({
  description: "For tests", version: "1.0.0", input: z.object({ text: z.string() }), output: ${output},
  exec: async (nango, input) => ${exec},
});
`;

const sync = (model: string, frequency = "every hour"): string => `import { createSync } from "nango";
import { z } from "zod";
export default createSync({
  description: "For tests", frequency: "${frequency}", autoStart: false, models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { await nango.log("begins"); await nango.batchSave([{ id: "1" }, { id: "2" }], "${model}"); },
});
`;

test("single functions", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  await api.connect("crm", "one");

  type Answer = Awaited<ReturnType<typeof api.call>>;

  const send = (what: string, body: object, key = DEV_KEY) => api.call("POST", `/functions/${what}`, { body, key });

  const refused = ({ status, body }: Answer) => [status, body.error.code];

  /** What came of it, as soon as there is something. */
  const outcome = async (what: string, body: object): Promise<Answer["body"]> => {
    const begun = await send(what, body);
    assert.deepEqual([begun.status, begun.body.status], [202, "running"], begun.text);
    const path = `/functions/${what}/${begun.body.id}`;
    return await until(`the end of ${path}`, async () => {
      const found = await api.must("GET", path);
      return found.status !== "running" && found;
    });
  };

  const deployment = (name: string, code: string, more: object = {}) => ({
    type: "function",
    integration_id: "crm",
    function_name: name,
    function_type: "action",
    code,
    ...more,
  });

  const dryRun = (code: string, more: object = {}) => ({
    integration_id: "crm",
    connection_id: "one",
    function_type: "action",
    code,
    ...more,
  });

  const ECHO = action("z.string()", "input.text");

  await t.test("a text is compiled, or refused with the place of what is wrong", async () => {
    const { status, body } = await send("compile", { code: ECHO });
    assert.equal(status, 200);
    assert.equal(body.bundle_size_bytes, Buffer.byteLength(body.bundled_js));
    const wrong = await send("compile", { code: "export default {" });
    assert.deepEqual(refused(wrong), [400, "compilation_error"]);
    assert.match(wrong.body.error.message, /^function\.ts:1:\d+: /);
    for (const given of [{}, { code: "" }, { code: "x".repeat(500_001) }, { code: ECHO, name: "x" }]) {
      assert.deepEqual(refused(await send("compile", given)), [400, "invalid_body"]);
    }
  });

  await t.test("a text is deployed, runs, and is deleted again; a folder's deployment leaves it", async () => {
    const made = await outcome("deployments", deployment("echo", ECHO, { version: "3" }));
    const {
      id: _id,
      created_at: _c,
      updated_at: _u,
      started_at: _s,
      completed_at: _e,
      duration_ms: _d,
      ...rest
    } = made;
    assert.deepEqual(rest, {
      status: "success",
      integration_id: "crm",
      function_type: "action",
      function_name: "echo",
      output: "Deployed crm/echo.",
      deployed: true,
      deployed_functions: [{ name: "echo", version: "3" }],
    });
    await api.deploy([]);
    const { data } = await api.must("GET", "/integrations/crm/functions/echo");
    assert.equal(data.source, "standalone");
    assert.equal((await api.must("GET", "/integrations/crm/functions/echo/code")).code, ECHO);
    const connection = { environment: api.dev.id, integration: "crm", connection: "one" };
    assert.equal(await api.runs.runAction({ connection, name: "echo", input: { text: "hi" } }), "hi");
    await api.must("DELETE", "/integrations/crm/functions/echo?type=action");
  });

  await t.test("a text that cannot be deployed says why, and changes nothing", async () => {
    const broken = await outcome("deployments", deployment("broken", "export default {"));
    assert.deepEqual([broken.status, broken.error.code], ["failed", "compilation_error"]);
    const other = await outcome("deployments", deployment("broken", sync("Contact")));
    assert.deepEqual([other.error.code, other.error.message], ["deployment_error", "The text is of a sync."]);
    const often = deployment("often", sync("Contact", "every blue moon"), { function_type: "sync" });
    const { error } = await outcome("deployments", often);
    assert.equal(error.code, "deployment_error");
    assert.match(error.message, /crm\/often: frequency .*every blue moon/);
    assert.equal((await api.must("GET", "/integrations/crm/functions")).pagination.total, 0);
  });

  await t.test("records that nothing would keep up to date hold a deployment up, unless that is meant", async () => {
    const body = (model: string, more: object = {}) =>
      deployment("people", sync(model), { function_type: "sync", ...more });
    assert.equal((await outcome("deployments", body("Contact"))).status, "success");
    const { error } = await outcome("deployments", body("Person"));
    assert.deepEqual([error.code, error.payload.losses[0].model], ["deployment_error", "Contact"]);
    assert.equal((await outcome("deployments", body("Person", { allow_destructive: true }))).status, "success");
    await api.must("DELETE", "/integrations/crm/functions/people?type=sync");
  });

  await t.test("a ready-made function is switched on once", async () => {
    const body = { type: "template", integration_id: "crm", template: "contacts" };
    const made = await outcome("deployments", body);
    assert.deepEqual([made.status, made.function_name, made.function_type], ["success", "contacts", "sync"]);
    assert.equal((await api.must("GET", "/integrations/crm/functions/contacts")).data.source, "catalog");
    assert.deepEqual(refused(await send("deployments", body)), [409, "template_already_deployed"]);
    assert.deepEqual(refused(await send("deployments", { ...body, template: "nothing" })), [404, "template_not_found"]);
    const action = await send("deployments", { ...body, function_type: "action" });
    assert.deepEqual(refused(action), [404, "template_not_found"]);
  });

  await t.test("what came with a folder, or is nowhere, is not deployed to", async () => {
    await api.deploy([syncFunction("crm", "deals")]);
    const deals = deployment("deals", sync("Deal"), { function_type: "sync" });
    assert.deepEqual(refused(await send("deployments", deals)), [400, "function_managed_by_deploy"]);
    const nowhere = deployment("deals", ECHO, { integration_id: "erp" });
    assert.deepEqual(refused(await send("deployments", nowhere)), [404, "integration_not_found"]);
    for (const wrong of [
      { function_type: "on-event" },
      { function_name: "a b" },
      { type: "bundle" },
      { mode: "all" },
    ]) {
      assert.deepEqual(refused(await send("deployments", { ...deals, ...wrong })), [400, "invalid_body"]);
    }
  });

  await t.test("a dry run tells what the function does, and stores nothing", async () => {
    const value = await outcome("dryruns", dryRun(ECHO, { input: { text: "hi" } }));
    assert.deepEqual([value.status, value.result, value.output], ["success", "hi", ""]);
    const rows = await outcome("dryruns", dryRun(sync("Contact"), { function_type: "sync" }));
    assert.equal(rows.output, "info begins\nbatchSave Contact 2\n");
    const { counts, written, is_truncated } = rows.result;
    assert.deepEqual([counts, is_truncated], [{ added: 2, updated: 0, deleted: 0 }, false]);
    assert.deepEqual(written, [{ method: "batchSave", model: "Contact", rows: [{ id: "1" }, { id: "2" }] }]);
    const [{ count } = { count: -1 }] = await api.db.query("select count(*)::int from syncline.records");
    assert.equal(count, 0);
  });

  await t.test("a dry run that fails says why", async () => {
    const thrown = await outcome(
      "dryruns",
      dryRun(action("z.string()", "nango.nothing.at.all"), { input: { text: "" } }),
    );
    assert.deepEqual([thrown.status, thrown.error.code], ["failed", "dryrun_error"]);
    assert.match(thrown.error.message, /undefined/);
    const wrong = await outcome("dryruns", dryRun(ECHO, { input: { text: 7 } }));
    assert.equal(wrong.error.payload.type, "invalid_action_input");
    const nobody = await send("dryruns", dryRun(ECHO, { connection_id: "two" }));
    assert.deepEqual(refused(nobody), [404, "connection_not_found"]);
    const nowhere = await send("dryruns", dryRun(ECHO, { integration_id: "erp" }));
    assert.deepEqual(refused(nowhere), [404, "integration_not_found"]);
  });

  await t.test("an outcome is sealed, is of its own kind, and is the environment's own", async () => {
    const { id } = await outcome("dryruns", dryRun(ECHO, { input: { text: "a secret of the connection" } }));
    const rows = await api.db.query("select outcome_sealed from syncline.function_jobs");
    for (const row of rows) assert.doesNotMatch(row.outcome_sealed.toString("latin1"), /secret of the connection/);
    const other = await api.call("GET", `/functions/dryruns/${id}`, { key: PROD_KEY });
    assert.deepEqual(refused(other), [404, "dryrun_not_found"]);
    assert.deepEqual(refused(await api.call("GET", `/functions/deployments/${id}`)), [404, "deployment_not_found"]);
    assert.deepEqual(refused(await api.call("GET", "/functions/dryruns/7")), [400, "invalid_uri_params"]);
  });

  await t.test("a job whose server ended has failed after a while, and ten at a time are enough", async () => {
    const lost = `insert into syncline.function_jobs (environment_id, kind, integration, function_type, started_at)
      select $1, 'dryrun', 'crm', 'action', syncline.now() - $2::interval from generate_series(1, $3) returning id`;
    const [old] = await api.db.query(lost, [api.dev.id, "15 min", 1]);
    const found = await api.must("GET", `/functions/dryruns/${old?.id}`);
    assert.deepEqual([found.status, found.error.code], ["failed", "timeout"]);
    await api.db.query(lost, [api.dev.id, "1 min", 10]);
    assert.deepEqual(refused(await send("dryruns", dryRun(ECHO))), [503, "execution_environment_unavailable"]);
    await api.db.query("update syncline.function_jobs set started_at = started_at - interval '1 day'");
    assert.equal((await outcome("dryruns", dryRun(ECHO, { input: { text: "" } }))).status, "success");
    const [{ count } = { count: -1 }] = await api.db.query("select count(*)::int from syncline.function_jobs");
    assert.equal(count, 1);
  });

  await t.test("invocations say what to call instead", async () => {
    const { status, body } = await send("invocations", { name: "echo" });
    assert.deepEqual([status, body.error.code], [501, "not_implemented"]);
    assert.match(body.error.message, /POST \/action\/trigger/);
    assert.deepEqual(refused(await api.call("GET", "/functions/invocations/7")), [501, "not_implemented"]);
  });
});
