// Walks of what sends requests, and of what refuses.
import assert from "node:assert/strict";
import type { Walk } from "./walk.ts";

const CONTACT = (n: number) => `con_00000000${n}`;

export const requestWalks: Walk[] = [
  {
    members: ["get"],
    body: `const { data, status, headers } = await nango.get({ endpoint: "/v1/tickets", params: { per_page: 2 }, retries: 1 });
      await report({ status, type: headers["content-type"], ids: data.tickets.map(({ id }) => id) });`,
    check: ({ reported, engine }) => {
      const { status, type, ids } = reported as { status: number; type: string; ids: string[] };
      assert.deepEqual([status, type.split(";")[0], ids.length], [200, "application/json", 2]);
      for (const id of ids) assert.ok(engine.provider.world.get("tickets", id));
    },
  },
  {
    members: ["post", "delete"],
    body: `const { data } = await nango.post({ endpoint: "/v1/contacts", data: { email: "kept@a.example" } });
      const gone = (await nango.post({ endpoint: "/v1/contacts", data: { email: "gone@a.example" } })).data.id;
      const { status } = await nango.delete({ endpoint: "/v1/contacts/" + gone });
      await report({ kept: data.id, gone, status });`,
    check: ({ reported, engine: { provider } }) => {
      const { kept, gone, status } = reported as { kept: string; gone: string; status: number };
      assert.equal(provider.world.get("contacts", kept)?.email, "kept@a.example");
      assert.deepEqual([status, provider.world.get("contacts", gone)], [204, undefined]);
    },
  },
  {
    members: ["patch", "put", "proxy"],
    body: `await nango.patch({ endpoint: "/v1/contacts/${CONTACT(1)}", data: { email: "patched@a.example" } });
      await nango.proxy({ method: "patch", endpoint: "/v1/contacts/${CONTACT(2)}", data: { email: "proxied@a.example" } });
      const { data } = await nango.proxy({ endpoint: "/v1/contacts/${CONTACT(2)}" });
      try { await nango.put({ endpoint: "/v1/contacts/${CONTACT(1)}", data: {} }); }
      catch (error) { await report({ email: data.email, put: error.response.status, isAxiosError: error.isAxiosError }); }`,
    check: ({ reported, engine: { provider } }) => {
      assert.equal(provider.world.get("contacts", CONTACT(1))?.email, "patched@a.example");
      assert.deepEqual(reported, { email: "proxied@a.example", put: 405, isAxiosError: true });
      assert.equal(provider.stats.requests["PUT /v1/contacts/:id"], 1);
    },
  },
  {
    members: ["paginate"],
    body: `const paginate = { type: "offset", offset_name_in_request: "offset", response_path: "companies", limit: 100, limit_name_in_request: "limit" };
      for await (const rows of nango.paginate({ endpoint: "/v1/companies", paginate })) await nango.batchSave(rows, "$M");`,
    check: async ({ records, engine: { provider } }) => {
      assert.deepEqual(
        await records(),
        Object.fromEntries([...provider.world.rows("companies")].map((row) => [row.id, row])),
      );
      assert.equal(provider.stats.requests["GET /v1/companies"], 3);
    },
  },
  {
    members: ["uncontrolledFetch"],
    body: `const base = (await nango.getConnection()).connection_config.baseUrl;
      const answer = await nango.uncontrolledFetch({ url: new URL(base + "/v1/tickets?secret=1"), headers: { "X-Own": "1" } });
      const again = await nango.uncontrolledFetch({ url: new URL(base + "/v1/tickets"), headers: { "x-api-key": (await nango.getToken()).apiKey }, method: "POST", body: "{}" });
      const refused = [];
      for (const url of ["http://10.0.0.1/", "http://169.254.169.254/latest", "ftp://a.example/"]) {
        try { await nango.uncontrolledFetch({ url: new URL(url) }); }
        catch (error) { refused.push([error instanceof nango.ActionError, error.payload.code]); }
      }
      await report({ ok: answer.ok, status: answer.status, type: answer.headers.get("Content-Type"), has: answer.headers.has("x-none"),
        json: await answer.json(), length: (await answer.arrayBuffer()).byteLength, again: again.status, redirected: again.redirected, refused });`,
    check: async ({ reported, logged }) => {
      const { type, json, length, ...rest } = reported as Record<string, unknown>;
      const refused = [true, "url_not_allowed"];
      const expected = { ok: false, status: 401, has: false, again: 201, redirected: false };
      assert.deepEqual(rest, { ...expected, refused: [refused, refused, refused] });
      assert.match(String(type), /json/);
      assert.equal(length, JSON.stringify(json).length);
      const [line] = await logged("/v1/tickets 401");
      assert.doesNotMatch(JSON.stringify(line), /secret/);
    },
  },
  {
    members: ["ActionError"],
    body: `throw new nango.ActionError({ message: "not like this", field: "email" });`,
    ends: "failed",
    check: ({ run }) => {
      const { type, message, payload } = run.error ?? assert.fail();
      assert.deepEqual([type, message], ["action_script_runtime_error", "not like this"]);
      assert.deepEqual(payload, { message: "not like this", field: "email" });
    },
  },
  {
    members: ["zodValidateInput"],
    body: `const zodSchema = z.object({ count: z.coerce.number() });
      const { data } = await nango.zodValidateInput({ zodSchema, input: { count: "5" } });
      await report(data);
      await nango.zodValidateInput({ zodSchema, input: { count: "many" } });`,
    ends: "failed",
    check: async ({ run, reported, logged }) => {
      assert.deepEqual(reported, { count: 5 });
      assert.deepEqual(run.error?.payload, { message: "Invalid input provided" });
      assert.deepEqual(
        (await logged("Invalid input provided: ")).map(({ level }) => level),
        ["error"],
      );
    },
  },
  {
    members: ["log", "setLogger", "logger"],
    body: `const was = nango.logger.level;
      await nango.log("at first", { a: 1 });
      nango.setLogger({ level: "warn" });
      await nango.log("not heard");
      await nango.log("heard", { b: 2 }, { level: "error" });
      nango.setLogger({ level: "off" });
      nango.setLogger({ level: "debug" });
      await nango.log("never again", { level: "error" });
      let refusal;
      try { nango.setLogger({ level: "loud" }); } catch (error) { refusal = error.message; }
      await report([was, nango.logger.level, refusal]);`,
    check: async ({ reported, logged, query, run }) => {
      assert.deepEqual(reported, [
        "debug",
        "off",
        "setLogger: the level must be one of debug, info, warn, error, off.",
      ]);
      await logged("heard");
      const lines = await query(
        "select level, message, detail from syncline.logs where run_id = $1 and kind = 'message' order by id",
        [run.id],
      );
      assert.deepEqual(lines, [
        { level: "info", message: "at first", detail: { a: 1 } },
        { level: "error", message: "heard", detail: { b: 2 } },
      ]);
    },
  },
];
