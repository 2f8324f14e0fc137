// The schema of an environment follows its deployments, in every process, while requests run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSchema, type GraphQLSchema } from "postgraphile/graphql";
import { deployFunctions } from "../../src/db/functions.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { followModels } from "../../src/graphql/models/follow.ts";
import { createLogger } from "../../src/log.ts";
import { until } from "../helpers/until.ts";
import { PROD_KEY, syncFunction, testApi } from "../http/api.ts";

const WITHIN_MS = 5_000; // four times in a row: by looking, every 10 s, that happens once in sixteen; how fast it is says the bench
const MODEL = { type: "object", properties: { id: { type: "string" }, name: { type: "string" } } };

test("schemas follow deployments", async (t) => {
  const api = await testApi(t);
  await api.integrate("crm");
  const contacts = (model: string, properties: object = MODEL.properties) =>
    syncFunction("crm", "contacts", { models: { [model]: { ...MODEL, properties } } });
  const ask = async (query: string, key?: string) =>
    (await api.call("POST", "/graphql", { body: { query }, ...(key && { key }) })).body;
  const fieldsOf = async (type: string, key?: string): Promise<string[] | undefined> =>
    (await ask(`{ __type(name: "${type}") { fields { name } } }`, key)).data.__type?.fields.map(
      ({ name }: { name: string }) => name,
    );

  await t.test("a model is there, changes and goes with its deployment, and only in its environment", async () => {
    assert.equal(await fieldsOf("Lead"), undefined);
    const soon = async (expected: string[] | undefined) => {
      const deployedAt = Date.now();
      await until(
        "the schema follows",
        async () => JSON.stringify(await fieldsOf("Lead")) === JSON.stringify(expected),
      );
      assert.ok(Date.now() - deployedAt < WITHIN_MS, `after ${Date.now() - deployedAt} ms`);
    };
    await api.deploy([contacts("Lead")]);
    await soon(["id", "name", "_data", "_metadata"]);
    assert.equal(await fieldsOf("Lead", PROD_KEY), undefined);
    await api.deploy([contacts("Lead", { ...MODEL.properties, phone: { type: "string" } })]);
    await soon(["id", "name", "phone", "_data", "_metadata"]);
    await api.deploy([contacts("Other")]);
    await soon(undefined);
    await api.deploy([contacts("Lead")]);
    await api.must("DELETE", "/integrations/crm");
    await soon(undefined);
  });

  await t.test("a request that runs while the schema is exchanged gets its answer", async () => {
    await api.integrate("busy");
    await api.deploy([syncFunction("busy", "items", { models: { Item: MODEL } })]);
    await api.connect("busy", "one");
    await until("the schema follows", async () => (await fieldsOf("Item")) !== undefined);
    let isDone = false;
    const asking = Promise.all(
      [1, 2, 3].map(async () => {
        while (!isDone) {
          const { data, errors } = await ask('{ items(connectionId: "one") { nodes { id name } } }');
          assert.deepEqual([data, errors], [{ items: { nodes: [] } }, undefined]);
        }
      }),
    );
    for (let n = 0; n < 5; n++)
      await api.deploy([syncFunction("busy", `more${n}`, { models: { [`More${n}`]: MODEL } })], "single");
    await until("the schema follows", async () => (await fieldsOf("More4")) !== undefined);
    isDone = true;
    await asking;
  });

  await t.test(
    "one build serves deployments that come together; code alone is none; a lost notice is found by looking",
    async () => {
      const log = createLogger("error");
      let builds = 0;
      const build = (): GraphQLSchema => {
        builds += 1;
        return buildSchema("type Query { a: Int }");
      };
      const follow = () => {
        const swapped: GraphQLSchema[] = [];
        const models = followModels({
          url: api.db.url,
          log,
          build,
          serve: () => ({ setSchema: (s) => void swapped.push(s) }),
        });
        return { ...models, swapped };
      };
      const [one, other] = [follow(), follow()];
      await Promise.all([one.of(api.dev.id), other.of(api.dev.id)]);
      const listens =
        "select from pg_stat_activity where application_name like 'syncline schemas%' and query like 'listen%'";
      await until("the schema follows", async () => (await api.db.query(listens)).length >= 3);
      builds = 0;
      await inTransaction(api.db.pool, async (db) => {
        for (let n = 0; n < 20; n++) {
          const functions = [syncFunction("busy", `burst${n}`, { models: { [`Burst${n}`]: MODEL } })];
          await deployFunctions(db, { environment: api.dev.id, functions, mode: "single" });
        }
      });
      await until("the schema follows", async () => one.swapped.length > 0 && other.swapped.length > 0);
      assert.equal(builds, 2, "one in each process");
      await api.deploy([syncFunction("busy", "burst1", { models: { Burst1: MODEL } }, "exports.code = 2")], "single");
      await api.deploy([syncFunction("busy", "last", { models: { Last: MODEL } })], "single");
      await until("the schema follows", async () => one.swapped.length > 1 && other.swapped.length > 1);
      assert.equal(builds, 4, "new code alone is no new schema");
      const drop =
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen syncline_deployed%'";
      await api.db.query(drop);
      await api.deploy([syncFunction("busy", "unheard", { models: { Unheard: MODEL } })], "single");
      await until("the schema follows", async () => one.swapped.length > 2 && other.swapped.length > 2);
      await Promise.all([one.close(), other.close()]);
    },
  );
});
