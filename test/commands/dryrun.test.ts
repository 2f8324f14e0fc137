// `syncline dryrun` as an author meets it: a function of a folder, a connection of a server, and nothing stored.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { json, startServer } from "../outbound/server.ts";
import { folderWith, runSyncline, startApi } from "./server.ts";

const SYNC = `
import { createSync } from "syncline";
import { z } from "zod";

export default createSync({
  description: "items in pages",
  frequency: "every hour",
  models: { Item: z.object({ id: z.string(), name: z.string() }) },
  metadata: z.object({ region: z.string() }),
  checkpoint: z.object({ page: z.string() }),
  exec: async (nango) => {
    const { region } = await nango.getMetadata();
    const checkpoint = await nango.getCheckpoint();
    await nango.log("from " + (checkpoint?.page ?? "the start"));
    const settings = { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next", response_path: "items" };
    for await (const page of nango.paginate({ endpoint: "/items", params: { region }, paginate: settings, retries: 1 })) {
      await nango.batchSave(page.filter(({ gone }) => !gone).map(({ id, name }) => ({ id, name })), "Item");
      await nango.batchDelete(page.filter(({ gone }) => gone).map(({ id }) => ({ id })), "Item");
      await nango.saveCheckpoint({ page: String(page[0].id) });
    }
    const { credentials } = await nango.getConnection();
    await nango.log("token " + credentials.apiKey);
  },
  webhookSubscriptions: ["*"],
  onWebhook: async (nango, payload) => {
    await nango.batchSave([{ id: payload.id, name: nango.scriptType }], "Item");
  },
});
`;

const ACTION = `
import { createAction } from "syncline";
import { z } from "zod";

export default createAction({
  description: "makes an item",
  input: z.object({ name: z.string() }),
  output: z.object({ id: z.string() }),
  exec: async (nango, input) => {
    const { data } = await nango.post({ endpoint: "/items", data: input });
    return { id: data.id };
  },
});
`;

const SECRET = "a-secret-of-the-connection";

const PAGES: Record<string, object> = {
  "": {
    items: [
      { id: "1", name: "a" },
      { id: "2", name: "b" },
    ],
    next: "p2",
  },
  p2: {
    items: [
      { id: "3", name: "c" },
      { id: "9", gone: true },
    ],
  },
};

const setUp = async (t: TestContext) => {
  const provider = await startServer(t, ({ url, method, headers, body }, response) => {
    const { searchParams } = new URL(url, "http://api");
    assert.equal(headers.authorization, `Bearer ${SECRET}`);
    response.setHeader("set-cookie", "a=b");
    if (method === "POST") json(response, 201, { id: "7", made: JSON.parse(body.toString()) });
    else json(response, 200, PAGES[searchParams.get("cursor") ?? ""]);
  });
  const { db, env } = await startApi(t);
  const post = async (at: string, body: unknown): Promise<void> => {
    const headers = { authorization: `Bearer ${env.SYNCLINE_API_KEY}`, "content-type": "application/json" };
    const response = await fetch(`${env.SYNCLINE_URL}${at}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(response.ok, `${at}: ${response.status} ${await response.text()}`);
  };
  await post("/integrations", { provider: "private-api-bearer", unique_key: "acme" });
  await post("/connections", {
    provider_config_key: "acme",
    connection_id: "customer",
    connection_config: { baseUrl: provider.url },
    metadata: { region: "eu" },
    credentials: { type: "API_KEY", apiKey: SECRET },
  });
  const folder = await folderWith(t, { "acme/syncs/items.ts": SYNC, "acme/actions/make-item.ts": ACTION });
  const dryrun = (...args: string[]) => runSyncline(t, ["dryrun", ...args, "--dir", folder], env);
  const fixture = async (name: string) =>
    JSON.parse(await readFile(path.join(folder, `acme/tests/${name}.test.json`), "utf8"));
  return { db, env, folder, dryrun, fixture };
};

test("against one server and one connection", async (t) => {
  const { db, env, folder, dryrun, fixture } = await setUp(t);

  await t.test(
    "it runs a sync and an action for a real connection, stores nothing, and saves fixtures that pass",
    async () => {
      const sync = await dryrun("items", "customer", "--save", "--diagnostics");
      assert.equal(sync.code, 0, sync.out);
      assert.match(sync.out, /info {2}from the start\n/);
      assert.match(sync.out, /batchSave Item: 2\n {2}\+ {"id":"1","name":"a"}\n/);
      assert.match(sync.out, /\{"added":3,"updated":0,"deleted":1\}\n2 requests\n\{"duration_ms":\d+,"requests":2,/);
      assert.ok(!sync.out.includes(SECRET), sync.out);

      const action = await dryrun("make-item", "customer", "--input", '{"name":"new"}', "--save", "--json");
      assert.equal(action.code, 0, action.out);
      const { ok, output, requests } = JSON.parse(action.out);
      assert.deepEqual(
        [ok, output, requests],
        [true, { id: "7" }, [{ method: "POST", endpoint: "/items", status: 201 }]],
      );

      const saved = await fixture("items");
      assert.deepEqual(saved.nango.batchDelete, { Item: [{ id: "9" }] });
      assert.deepEqual(saved.nango.getMetadata, { region: "eu" });
      assert.deepEqual(saved.nango.getConnection.credentials, { type: "API_KEY", apiKey: "***" });
      assert.equal(saved.api.get["/items"].length, 2);
      assert.deepEqual(saved.api.get["/items"][1].request, { params: { cursor: "p2", region: "eu" } });
      assert.match(saved.api.get["/items"][1].hash, /^[0-9a-f]{40}$/);
      assert.doesNotMatch(JSON.stringify(saved), new RegExp(`${SECRET}|set-cookie`));
      assert.deepEqual((await fixture("make-item")).api.post["/items"].request, { data: { name: "new" } });

      const tested = await runSyncline(t, ["test", folder]);
      assert.match(tested.out, /\n2 passed, 0 failed, 0 skipped\n$/);

      const counts = await db.query(
        "select (select count(*) from syncline.runs)::int as runs, (select count(*) from syncline.records)::int as records",
      );
      assert.deepEqual(counts, [{ runs: 0, records: 0 }]);
    },
  );

  await t.test(
    "what is given instead of what is stored is what the function sees; exit codes tell what went wrong",
    async (t) => {
      const given = await dryrun("items", "customer", "-c", '{"page":"p2"}', "-m", '{"region":"us"}', "--variant", "v");
      assert.match(given.out, /from p2\n/);

      const called = await dryrun("items", "customer", "--webhook", '{"id":"7"}', "--json");
      assert.deepEqual(JSON.parse(called.out).written, [
        { method: "batchSave", model: "Item", rows: [{ id: "7", name: "webhook" }] },
      ]);
      assert.equal((await dryrun("items", "nobody")).code, 12);
      const badJson = await dryrun("make-item", "customer", "--input", "{");
      assert.deepEqual(badJson, {
        out: "error: --input takes JSON, or @ and the name of a file that holds it.\n",
        code: 12,
      });
      const badInput = await dryrun("make-item", "customer", "--input", '{"name":1}', "--validate");
      assert.match(badInput.out, /name/);
      assert.equal(badInput.code, 12);
      assert.match((await dryrun("nothing", "customer")).out, /There is no function "nothing" in /);

      const broken = await folderWith(t, { "acme/syncs/items.ts": "export default createSync({" });
      assert.equal((await runSyncline(t, ["dryrun", "items", "customer", "--dir", broken], env)).code, 10);
      assert.ok(folder !== broken);
    },
  );
});
