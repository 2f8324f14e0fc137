// POST /mcp: the actions of a connection as tools, for the protocol's own client.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { until } from "../helpers/until.ts";
import { actionWorld } from "./action-world.ts";
import { DEV_KEY, of } from "./api.ts";

const connect = async (t: TestContext, url: string, headers: Record<string, string>) => {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${DEV_KEY}`, ...headers } };
  // The types of the client do not know exactOptionalPropertyTypes.
  type Transport = Parameters<typeof client.connect>[0];
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }) as Transport);
  t.after(() => client.close());
  return client;
};

const textOf = (result: CallToolResult) => JSON.parse((result.content[0] as { text: string }).text);

test("tools", async (t) => {
  const api = await actionWorld(t);
  const client = await connect(t, api.url, of("crm", "one"));
  const callTool = async (name: string, given: Record<string, unknown> = {}) =>
    (await client.callTool({ name, arguments: given })) as CallToolResult;

  await t.test(
    "each action is a tool with its description and schemas; what takes no object is given as `input`",
    async () => {
      const { tools } = await client.listTools();
      const tool = (name: string) => tools.find((one) => one.name === name);
      assert.equal(tools.length, 10);
      assert.deepEqual(
        [tool("twice")?.description, tool("twice")?.inputSchema.properties],
        ["Doubles a number", { n: { type: "number" } }],
      );
      assert.deepEqual(tool("twice")?.outputSchema?.properties, { twice: { type: "number" } });
      assert.deepEqual(tool("get")?.inputSchema.properties, { input: { type: "string" } });
      assert.deepEqual([tool("nothing")?.inputSchema.properties, tool("nothing")?.outputSchema], [{}, undefined]);
    },
  );

  await t.test("a call runs the action, and its value comes as text and as what its schema says", async () => {
    const result = await callTool("twice", { n: 4 });
    assert.deepEqual(
      [textOf(result), result.structuredContent, result.isError],
      [{ twice: 8 }, { twice: 8 }, undefined],
    );
    assert.deepEqual(textOf(await callTool("get", { input: "/things" })), { url: "/things" });
    assert.equal(textOf(await callTool("nothing")), null);
    assert.equal((await api.runsOf("r.state = 'succeeded'")).length, 3);
  });

  await t.test("a failure is a result that says what it was", async () => {
    const fails = async (name: string, given: Record<string, unknown>, said: object) => {
      const result = await callTool(name, given);
      assert.equal(result.isError, true);
      assert.partialDeepStrictEqual(textOf(result), said);
    };
    await fails("fail", { input: null }, { code: "script_internal_error", message: "broken" });
    await fails(
      "refuse",
      { input: { message: "no", why: 1 } },
      { code: "action_script_runtime_error", message: "no", payload: { why: 1 } },
    );
    await fails("get", { input: "/teapot" }, { code: "script_http_error", upstream: { status: 418 } });
    await fails("missing", {}, { code: "not_found" });
  });

  await t.test("a client that goes away ends the run", async () => {
    const away = new AbortController();
    const called = client.callTool({ name: "get", arguments: { input: "/held" } }, undefined, { signal: away.signal });
    called.catch(() => {});
    await api.provider.waiting(1);
    await client.close();
    await assert.rejects(called);
    await until("the run is cancelled", async () => (await api.runsOf("r.state = 'cancelled'")).length === 1);
    api.provider.release();
  });

  await t.test("the doors are those of the API, and POST is the only way in", async () => {
    const status = async (method: string, headers = {}, options = {}) => {
      const answer = await api.call(method, "/mcp", { headers, ...options });
      return [answer.status, answer.body?.error?.code];
    };
    assert.deepEqual(await status("POST", of("crm", "one"), { key: null }), [401, "missing_auth_header"]);
    assert.deepEqual(await status("POST"), [400, "invalid_headers"]);
    assert.deepEqual(await status("POST", of("crm", "nobody")), [400, "unknown_connection"]);
    for (const method of ["GET", "DELETE"]) {
      assert.deepEqual(await status(method, of("crm", "one")), [405, "method_not_allowed"]);
    }
    const nonsense = await api.call("POST", "/mcp", {
      headers: { ...of("crm", "one"), accept: "application/json, text/event-stream" },
      body: "{",
    });
    assert.deepEqual([nonsense.status, nonsense.body.error.code], [400, -32700]);
  });
});
