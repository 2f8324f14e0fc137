// `syncline deploy` as an author meets it.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folderWith, runSyncline, startApi } from "./server.ts";

const sync = (model: string, description = "a sync") => `
import { createSync } from "syncline";
import { z } from "zod";

export default createSync({
  description: "${description}",
  frequency: "every hour",
  models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => {
    await nango.batchSave([{ id: "1" }], "${model}");
  },
});
`;

const filesOf = (integration: string) => ({
  [`${integration}/syncs/contacts.ts`]: sync("Contact"),
  [`${integration}/syncs/tickets.ts`]: sync("Ticket"),
});

const FILES = filesOf("acme");

const KEY = { type: "API_KEY", apiKey: "any" };

const post = async (env: Record<string, string>, url: string, body: unknown): Promise<void> => {
  const response = await fetch(`${env.SYNCLINE_URL}${url}`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.SYNCLINE_API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${url}: ${response.status}`);
};

const makeIntegration = (env: Record<string, string>, name: string): Promise<void> =>
  post(env, "/integrations", { provider: "acme", unique_key: name });

const says = async (t: TestContext, args: string[], env: Record<string, string>): Promise<string> => {
  const { out, code } = await runSyncline(t, ["deploy", ...args], env);
  assert.notEqual(code, 0);
  return out;
};

test("against one server", async (t) => {
  const { env, url, db } = await startApi(t);

  await t.test(
    "it says what is added, updated, removed and unchanged, and removes nothing unless told to",
    async (t) => {
      const folder = await folderWith(t, FILES);
      const deploy = (...args: string[]) => runSyncline(t, ["deploy", folder, ...args], env);

      const tooEarly = await deploy();
      assert.equal(tooEarly.code, 11);
      assert.match(
        tooEarly.out,
        /^error: there is no integration "acme" in this environment\n.*\n {2}Create it first: POST /,
      );

      await makeIntegration(env, "acme");
      const plan = "+ acme/contacts  sync  added\n+ acme/tickets   sync  added\n";
      assert.deepEqual(await deploy("--dry-run"), { out: `${plan}Would deploy to ${url}: 2 added\n`, code: 0 });
      assert.deepEqual(await deploy(), { out: `${plan}Deployed to ${url}: 2 added\n`, code: 0 });

      await writeFile(path.join(folder, "acme/syncs/contacts.ts"), sync("Contact", "better"));
      await rm(path.join(folder, "acme/syncs/tickets.ts"));
      const refused = await deploy();
      assert.equal(refused.code, 11);
      assert.match(refused.out, /would remove functions and end their syncs:\n- acme\/tickets {2}sync {2}removed\n/);
      assert.match(refused.out, / {2}acme\/tickets {2}Ticket {2}0 records of 0 connections\n/);
      assert.deepEqual(JSON.parse((await deploy("--mode", "single", "--json")).out), {
        dry_run: false,
        functions: [{ integration: "acme", kind: "sync", name: "contacts", change: "updated" }],
        losses: [],
      });
      const removed = await deploy("--allow-destructive");
      assert.equal(removed.out.split("\n").at(-2), `Deployed to ${url}: 1 removed, 1 unchanged`);
    },
  );

  await t.test(
    "a server that is not there, a missing or a wrong key and a missing folder each say what to do",
    async (t) => {
      const folder = await folderWith(t, FILES);
      const away = await says(t, [folder], { ...env, SYNCLINE_URL: "http://127.0.0.1:1" });
      assert.match(away, /^error: No server answers at http:\/\/127\.0\.0\.1:1 .*Start one with `npm start`/);
      const { SYNCLINE_API_KEY: _, ...without } = env;
      assert.match(await says(t, [folder], without), /^error: Set SYNCLINE_API_KEY/);
      const wrong = await says(t, [folder], { ...env, SYNCLINE_API_KEY: "not-the-right-one" });
      assert.match(wrong, /no environment with this API key. Is SYNCLINE_API_KEY the right one\?/);
      assert.match(await says(t, ["/nowhere"], env), /^error: There is no folder \/nowhere\./);
      const none = await says(t, [folder, "--integration", "other"], env);
      assert.match(none, /There is no function of "other" here\./);
    },
  );

  await t.test(
    "one sync alone is deployed by its name, and a model that goes is told with what is left of it",
    async (t) => {
      const folder = await folderWith(t, filesOf("crm"));
      const deploy = (...args: string[]) => runSyncline(t, ["deploy", folder, ...args], env);
      await makeIntegration(env, "crm");
      const one = await deploy("--sync", "tickets");
      assert.equal(one.out, `+ crm/tickets  sync  added\nDeployed to ${url}: 1 added\n`);
      assert.match((await deploy("--action", "tickets")).out, /There is no action "tickets" here/);
      await post(env, "/connections", { provider_config_key: "crm", connection_id: "one", credentials: KEY });
      await db.query(
        `insert into syncline.streams (environment_id, connection_id, model, records)
         select n.environment_id, n.id, 'Ticket', 3 from syncline.connections n`,
      );
      await writeFile(path.join(folder, "crm/syncs/tickets.ts"), sync("Issue"));
      const refused = await deploy("--sync", "tickets");
      assert.equal(refused.code, 11);
      assert.match(refused.out, / {2}crm\/tickets {2}Ticket {2}3 records of 1 connection\n/);
      assert.equal((await deploy("--sync", "tickets", "--allow-destructive")).code, 0);
    },
  );
});

test("what is wrong with the functions is named as file:line:column, all of it, and nothing is sent", async (t) => {
  const folder = await folderWith(t, {
    "acme/syncs/contacts.ts": "import fs from 'node:fs';\nexport default fs;\n",
    "acme/syncs/tickets.ts": "const a = ;\n",
  });
  const nowhere = { SYNCLINE_URL: "http://127.0.0.1:1", SYNCLINE_API_KEY: "a-key-of-some-length" };
  const { out, code } = await runSyncline(t, ["deploy", folder], nowhere);
  assert.equal(code, 10);
  const at = path.relative(process.cwd(), folder);
  assert.match(out, /^error: These functions do not compile:\n/);
  assert.ok(out.includes(`  ${at}/acme/syncs/contacts.ts:1:16: error: "node:fs" cannot be imported`), out);
  assert.ok(out.includes(`  ${at}/acme/syncs/tickets.ts:1:11: error: Unexpected ";"`), out);
});
