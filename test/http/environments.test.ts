// /environments, the signing key, variables: what belongs to an environment, from its beginning to its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { deleteEnvironment } from "../../src/db/environments.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { until } from "../helpers/until.ts";
import { DEV_KEY, PROD_KEY, syncFunction, testApi } from "./api.ts";

const ACCOUNT_KEY = "account-key-0123456789abcdef-0123456789";

test("environments", async (t) => {
  const api = await testApi(t, { access: { accountKey: ACCOUNT_KEY } });
  const asAccount = (method: string, path: string, body?: object) => api.call(method, path, { body, key: ACCOUNT_KEY });
  const makeKey = async (environment_id: number): Promise<string> => {
    const body = { display_name: "k", environment_id };
    return (await api.must("POST", "/environment/api-keys", { body, key: ACCOUNT_KEY })).data.secret;
  };
  const sweep = () =>
    until("all is swept", async () => (await api.db.query("select * from syncline.tidy()"))[0]?.has_more === false);
  const names = async () =>
    (await asAccount("GET", "/environments")).body.data.map((one: { name: string }) => one.name);

  await t.test("an environment is made once, empty, with a signing key of its own", async () => {
    const { status, body } = await asAccount("POST", "/environments", { name: "staging" });
    assert.deepEqual([status, body.data.name, typeof body.data.id], [200, "staging", "number"]);
    assert.deepEqual(await names(), ["dev", "prod", "staging"]);
    const again = await asAccount("POST", "/environments", { name: "staging" });
    assert.deepEqual([again.status, again.body.error.code], [409, "conflict"]);
    const key = await makeKey(body.data.id);
    assert.deepEqual((await api.must("GET", "/integrations", { key })).data, []);
    const signing = async (key: string) =>
      (await api.must("GET", "/environment/signing-key", { key })).data.webhook_signing_key;
    assert.notEqual(await signing(key), await signing(DEV_KEY));
    for (const name of ["", "Big", "a b", "ä", "x".repeat(256)])
      assert.equal((await asAccount("POST", "/environments", { name })).body.error.code, "invalid_body", name);
  });

  await t.test("a deleted environment is gone at once: keys, runs, credentials; its name is free", async () => {
    const { id } = (await asAccount("POST", "/environments", { name: "brief" })).body.data;
    const key = await makeKey(id);
    await api.integrate("crm", { key });
    await api.must("POST", "/deploy", { body: { functions: [syncFunction("crm", "contacts")], mode: "all" }, key });
    await api.connect("crm", "one", {}, { key });
    const token = (await api.must("POST", "/connect/sessions", { body: { end_user: { id: "u" } }, key })).data.token;
    const lease = await api.claim();
    await api.save(lease, "Contact", [{ id: "1", name: "Ada" }]);

    assert.equal((await asAccount("DELETE", `/environments/${id}`)).status, 204);
    assert.equal((await api.call("GET", "/connections", { key })).body.error.code, "unknown_account");
    assert.equal(
      (await api.call("GET", "/connect/session", { key: token })).body.error.code,
      "unknown_connect_session_token",
    );
    await assert.rejects(api.save(lease, "Contact", [{ id: "2" }]), { code: "SL001" });
    const [left] = await api.db.query(
      `select (select count(*)::int from syncline.data_keys where environment_id = $1) as keys,
              (select count(*)::int from syncline.connections where environment_id = $1 and (deleted_at is null or credentials_sealed is not null)) as connections,
              (select count(*)::int from syncline.runs where environment_id = $1 and state in ('ready', 'running')) as runs`,
      [id],
    );
    assert.deepEqual(left, { keys: 0, connections: 0, runs: 0 });
    assert.equal((await asAccount("DELETE", `/environments/${id}`)).body.error.code, "not_found");
    assert.ok(!(await names()).includes("brief"));
    assert.equal((await asAccount("POST", "/environments", { name: "brief" })).status, 200);

    await sweep();
    const rows = await api.db.query("select 1 from syncline.environments where id = $1", [id]);
    assert.deepEqual(rows, [], "its rows were swept");
    assert.deepEqual(await api.db.query("select 1 from syncline.records"), []);
  });

  await t.test("prod and what does not exist are not deleted, and nobody but the account deletes", async () => {
    const prod = await asAccount("DELETE", `/environments/${api.prod.id}`);
    assert.deepEqual([prod.status, prod.body.error.code], [400, "cannot_delete_prod_environment"]);
    for (const id of ["99999", "0", "dev", "1.5"])
      assert.ok([400, 404].includes((await asAccount("DELETE", `/environments/${id}`)).status), id);
    assert.equal((await api.call("DELETE", `/environments/${api.dev.id}`)).status, 403);
  });

  await t.test("a key that another process still remembers leaves nothing behind", async () => {
    const { id } = (await asAccount("POST", "/environments", { name: "late" })).body.data;
    const key = await makeKey(id);
    await api.must("GET", "/integrations", { key }); // remembered now
    await inTransaction(api.db.pool, (db) => deleteEnvironment(db, { id }));
    assert.equal(
      (await api.call("POST", "/integrations", { body: { provider: "acme", unique_key: "x" }, key })).status,
      200,
    );
    await sweep();
    assert.deepEqual(await api.db.query("select 1 from syncline.integrations where environment_id = $1", [id]), []);
  });

  await t.test("the signing key is replaced, for its environment only", async () => {
    const read = async (key: string) =>
      (await api.must("GET", "/environment/signing-key", { key })).data.webhook_signing_key;
    const [dev, prod] = [await read(DEV_KEY), await read(PROD_KEY)];
    const { data } = await api.must("POST", "/environment/webhook-signing-key/rotate");
    assert.notEqual(data.webhook_signing_key, dev);
    assert.deepEqual([await read(DEV_KEY), await read(PROD_KEY)], [data.webhook_signing_key, prod]);
  });

  await t.test(
    "variables are set, read by the published client, deleted; sealed, and each environment's own",
    async () => {
      const nango = new Nango({ host: api.url, secretKey: DEV_KEY });
      assert.deepEqual(await nango.getEnvironmentVariables(), []);
      const set = (name: string, value: unknown) =>
        api.call("PUT", `/environment/variables/${name}`, { body: { value } });
      await set("B_URL", "https://x.example");
      await set("A.secret", "first");
      assert.equal((await set("A.secret", "Grüße \u0001 \n")).status, 200);
      assert.deepEqual(await nango.getEnvironmentVariables(), [
        { name: "A.secret", value: "Grüße \u0001 \n" },
        { name: "B_URL", value: "https://x.example" },
      ]);
      assert.deepEqual(await api.must("GET", "/environment-variables", { key: PROD_KEY }), []);
      assert.equal((await api.call("DELETE", "/environment/variables/B_URL", { key: PROD_KEY })).status, 404);
      const [row] = await api.db.query(
        "select value_sealed as it from syncline.environment_variables where name = 'B_URL'",
      );
      assert.ok(!row?.it.includes("x.example"));
      assert.deepEqual(await api.must("DELETE", "/environment/variables/B_URL"), { success: true });
      assert.equal((await api.call("DELETE", "/environment/variables/B_URL")).body.error.code, "not_found");
      for (const [name, value] of [
        ["a%20b", "x"],
        ["x".repeat(256), "x"],
        ["A", 1],
        ["A", "x".repeat(16_385)],
      ] as const)
        assert.equal((await set(name, value)).status, 400, name);
    },
  );
});
