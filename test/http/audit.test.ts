// GET /audit-log: who changed what and who saw credentials, whichever way they came.
import assert from "node:assert/strict";
import { test } from "node:test";
import { actingFor } from "../../src/db/actor.ts";
import { setMetadata } from "../../src/db/connections.ts";
import { setRecordValidation } from "../../src/db/environments.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { DEV_KEY, PROD_KEY, syncFunction, testApi } from "./api.ts";

const ACCOUNT_KEY = "account-key-0123456789abcdef-0123456789";
const CANARY = "canary-51d0c7";

type Entry = {
  id: number;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string | null;
  ip: string | null;
  action: string;
  subject_name: string | null;
  fields: string[];
};

test("the audit log", async (t) => {
  const api = await testApi(t, { access: { accountKey: ACCOUNT_KEY, trustedProxies: 1 } });
  const { data: ci } = await api.must("POST", "/environment/api-keys", { body: { display_name: "ci" } });
  const entries = async (query = "", key = DEV_KEY): Promise<Entry[]> =>
    (await api.must("GET", `/audit-log?limit=1000${query}`, { key })).entries;
  /** What `work` adds, oldest first. */
  const added = async (work: () => Promise<unknown>, key = DEV_KEY): Promise<Entry[]> => {
    const known = new Set((await entries("", key)).map(({ id }) => id));
    await work();
    return (await entries("", key)).filter(({ id }) => !known.has(id)).reverse();
  };
  const told = (found: Entry[]) =>
    found.map((one) => `${one.actor_kind} ${one.actor_name}: ${one.action} ${one.subject_name}`);
  await api.integrate("crm");
  await api.connect("crm", "one");

  await t.test(
    "names the key that made a change, where it came from, and what changed, without its value",
    async () => {
      const headers = { "x-forwarded-for": "203.0.113.9" };
      const found = await added(async () => {
        const metadata = { secret: CANARY };
        const body = { connection_id: "one", provider_config_key: "crm", metadata };
        await api.must("PATCH", "/connections/metadata", { body, key: ci.secret, headers });
        await api.must("PATCH", "/connections/metadata", { body: { ...body, metadata: {} }, key: DEV_KEY });
        await api.connect("crm", "two", {}, { key: ci.secret });
        await api.must("DELETE", "/connections/two?provider_config_key=crm", { key: ci.secret });
      });
      assert.deepEqual(told(found), [
        "api_key ci: connection.updated crm/one",
        "api_key ci: connection.created crm/two",
        "api_key ci: connection.deleted crm/two",
      ]);
      const [first] = found;
      assert.deepEqual([first?.actor_id, first?.ip, first?.fields], [String(ci.id), "203.0.113.9", ["metadata"]]);
      assert.doesNotMatch(
        JSON.stringify(await api.db.query("select to_jsonb(l) from syncline.audit_log l")),
        new RegExp(CANARY),
      );
    },
  );

  await t.test("names who was shown credentials, a signing key, variables; and nobody who was not", async () => {
    const scopes = ["environment:connections:read", "environment:integrations:read"];
    const { data: blind } = await api.must("POST", "/environment/api-keys", {
      body: { display_name: "blind", scopes },
    });
    const credentials = { type: "OAUTH2", client_id: "c", client_secret: CANARY };
    await api.must("POST", "/integrations", { body: { provider: "hubspot", unique_key: "hub", credentials } });
    const found = await added(async () => {
      for (const key of [ci.secret, blind.secret])
        await api.must("GET", "/connections/one?provider_config_key=crm", { key });
      await api.must("GET", "/connections", { key: ci.secret });
      await api.must("GET", "/integrations/hub", { key: ci.secret });
      await api.must("GET", "/integrations/hub?include=credentials", { key: ci.secret });
      await api.must("GET", "/environment/signing-key", { key: ci.secret });
      await api.must("GET", "/environment-variables", { key: ci.secret });
    });
    assert.deepEqual(told(found), [
      "api_key ci: connection.credentials_read crm/one",
      "api_key ci: integration.credentials_read hub",
      "api_key ci: environment.signing_key_read dev",
      "api_key ci: environment.variables_read dev",
    ]);
  });

  await t.test("names an account key, a key by GraphQL and the server itself", async () => {
    await api.deploy([syncFunction("crm", "contacts")], "all", { key: ci.secret });
    const [sync] = await api.db.query("select uid from syncline.syncs");
    const found = await added(async () => {
      const body = { display_name: "made", environment_id: api.dev.id };
      await api.must("POST", "/environment/api-keys", { body, key: ACCOUNT_KEY });
      const query = `mutation { pauseSync(input: {syncId: "${sync!.uid}"}) { sync { state } } }`;
      const answer = await api.must("POST", "/graphql", { body: { query }, key: ci.secret });
      assert.equal(answer.errors, undefined, JSON.stringify(answer));
    });
    assert.deepEqual(told(found), [
      "account_key null: api_key.created made",
      "graphql ci: sync.paused crm/one/contacts",
    ]);
    const deployed = (await entries("&action=function.deployed")).map(({ actor_name, subject_name }) => [
      actor_name,
      subject_name,
    ]);
    assert.deepEqual(deployed, [["ci", "crm/contacts"]]);
  });

  await t.test("holds no change that did not happen, and each that did", async () => {
    const failed = await added(async () => {
      const body = { connection_id: ["one", "none"], provider_config_key: "crm", metadata: { a: 1 } };
      assert.equal((await api.call("PATCH", "/connections/metadata", { body })).status, 404);
      const key = { kind: "api_key", id: String(ci.id) } as const;
      const names = { environment: api.dev.id, integration: "crm", connections: ["one"] };
      const work = actingFor(key, () =>
        inTransaction(api.db.pool, async (client) => {
          await setMetadata(client, { ...names, metadata: { a: 2 } });
          throw new Error("changed my mind");
        }),
      );
      await assert.rejects(work, /changed my mind/);
      const refused = setRecordValidation(api.db.pool, { environment: api.dev.id, mode: "odd" });
      await assert.rejects(
        actingFor(key, () => refused),
        /no way to validate/,
      );
    });
    assert.deepEqual(failed, []);
    // Of many at once each has its own actor: the setting of one transaction does not stay with its connection.
    const keys = [ci, (await api.must("POST", "/environment/api-keys", { body: { display_name: "cd" } })).data];
    const many = await added(() =>
      Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          api.must("PUT", `/environment/variables/V${n}`, { body: { value: CANARY }, key: keys[n % 2].secret }),
        ),
      ),
    );
    const wrong = many.filter((one) => one.actor_name !== (Number(one.subject_name?.slice(1)) % 2 === 0 ? "ci" : "cd"));
    assert.deepEqual([many.length, wrong], [40, []]);
    await api.db.pool.query("update syncline.environments set on_sync_error = not on_sync_error where name = 'dev'");
    const [last] = await entries();
    assert.equal(last?.actor_kind, "system");
  });

  await t.test("is read by actor, action, subject and time, page by page, and by its environment alone", async () => {
    const all = await entries();
    const only = async (query: string) => (await entries(query)).map(({ id }) => id);
    const where = (test: (one: Entry) => boolean) => all.filter(test).map(({ id }) => id);
    assert.deepEqual(
      await only("&actor=api_key"),
      where((one) => one.actor_kind === "api_key"),
    );
    for (const actor of [`api_key:${ci.id}`, "api_key:ci"])
      assert.deepEqual(
        await only(`&actor=${actor}`),
        where((one) => one.actor_kind === "api_key" && one.actor_name === "ci"),
      );
    assert.deepEqual(
      await only("&action=connection.created"),
      where((one) => one.action === "connection.created"),
    );
    assert.deepEqual(
      await only("&subject=connection:crm/one"),
      where((one) => one.subject_name === "crm/one"),
    );
    assert.deepEqual(await only("&since=2100-01-01T00:00:00Z"), []);
    assert.deepEqual(
      await only("&until=2100-01-01T00:00:00Z"),
      where(() => true),
    );
    const paged: number[] = [];
    for (let cursor = ""; ; ) {
      const page = await api.must("GET", `/audit-log?limit=7${cursor}`);
      paged.push(...page.entries.map(({ id }: Entry) => id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    assert.deepEqual(
      paged,
      where(() => true),
    );
    const ofProd = await entries("", PROD_KEY);
    assert.deepEqual(
      ofProd.filter(({ id }) => all.some((one) => one.id === id)),
      [],
    );
    const { data: narrow } = await api.must("POST", "/environment/api-keys", {
      body: { display_name: "n", scopes: ["environment:logs:read"] },
    });
    assert.equal((await api.call("GET", "/audit-log", { key: narrow.secret })).status, 403);
  });
});
