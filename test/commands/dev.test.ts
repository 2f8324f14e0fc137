// `syncline dev` as an author meets it: type errors at each save, and what is right goes to the server at once.
import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startProcess, startSyncline } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";
import { folderWith } from "./server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

const FILE = "unauthenticated/syncs/marks.ts";

const TSCONFIG = JSON.stringify({
  extends: path.join(ROOT, "src/scaffold/tsconfig.json"),
  compilerOptions: { paths: { syncline: [path.join(ROOT, "src/functions/sdk/index.ts")] } },
  include: ["**/*.ts"],
});

const sync = (mark: string, model = "Mark"): string => `import { createSync } from "syncline";
import { z } from "zod";

const Mark = z.object({ id: z.string(), mark: z.string() });

export default createSync({
  description: "Marks",
  frequency: "every day",
  autoStart: true,
  models: { Mark },
  exec: async (nango) => {
    await nango.get({ endpoint: "/hold" });
    await nango.batchSave([{ id: "1", mark: "${mark}" }], "${model}");
  },
});
`;

/** An API whose every answer waits until the test gives it. */
const startHeldApi = async (t: TestContext) => {
  const held: ServerResponse[] = [];
  const server = createServer((_request, response) => void held.push(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const next = (): Promise<ServerResponse> => until("the function asks", () => held.shift());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, next };
};

const startServer = async (t: TestContext) => {
  const db = await testDatabase(t, { poolSize: 2 });
  const started = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  });
  const { url } = await started.line(({ event }) => event === "server.started");
  const call = async (method: string, to: string, body?: unknown) => {
    const response = await fetch(`${url}${to}`, {
      method,
      headers: {
        authorization: `Bearer ${TEST_API_KEY}`,
        "content-type": "application/json",
        "connection-id": "one",
        "provider-config-key": "unauthenticated",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${method} ${to}: ${response.status}`);
    return (await response.json()) as { records: { mark: string }[] };
  };
  return { url: url as string, call, query: db.query };
};

test("a type error is shown with its line; once mended the sync runs the new version, and a run in flight ends with the old", async (t) => {
  const api = await startHeldApi(t);
  const server = await startServer(t);
  const folder = await folderWith(t, { [FILE]: sync("first"), "tsconfig.json": TSCONFIG });
  await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  const dev = startProcess(t, {
    args: ["src/cli.ts", "dev", folder],
    env: { SYNCLINE_URL: server.url, SYNCLINE_API_KEY: TEST_API_KEY },
  });
  const shown = (text: string) =>
    until(`dev says ${text}`, () => dev.output().includes(text)).catch((error) => {
      throw new Error(`${error.message}; it says:\n${dev.output()}`);
    });
  const save = (text: string) => writeFile(path.join(folder, FILE), text);
  const markStored = async () => {
    await until("no run is left", async () => {
      const live = await server.query("select 1 from syncline.runs where state in ('ready', 'running')");
      return live.length === 0;
    });
    return (await server.call("GET", "/records?model=Mark")).records.map(({ mark }) => mark);
  };

  await shown("+ unauthenticated/marks  sync  added");
  assert.match(dev.output(), /\+ integration unauthenticated/);
  await server.call("POST", "/connections", {
    provider_config_key: "unauthenticated",
    connection_id: "one",
    credentials: { type: "NONE" },
    connection_config: { baseUrl: api.url },
  });
  const first = await api.next();

  await save(sync("second", "Mork"));
  await shown(`syncs/marks.ts:13:58: error: TS2345: Argument of type '"Mork"' is not assignable`);
  await shown("1 error: nothing was deployed");
  await save(sync("second"));
  await shown("~ unauthenticated/marks  sync  updated");

  first.end("{}");
  assert.deepEqual(await markStored(), ["first"]);
  await server.call("POST", "/sync/trigger", { provider_config_key: "unauthenticated", syncs: ["marks"] });
  (await api.next()).end("{}");
  assert.deepEqual(await markStored(), ["second"]);
  dev.kill("SIGINT");
  assert.equal(await dev.exited, 0, dev.output());
});
