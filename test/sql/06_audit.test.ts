// sql/06_audit.sql: who it was is said by the server or the database; nothing can be taken back; runs pay nothing.
import assert from "node:assert/strict";
import { createApiKey } from "../../src/db/api-keys.ts";
import { finishRun } from "../../src/db/runs.ts";
import { claim, makeSync, START, sqlTests } from "../helpers/world.ts";

sqlTests("06_audit", {
  "entries cannot be changed, truncated, or deleted before their time, by the owner neither": async (w) => {
    await makeSync(w);
    const refused = (sql: string) => w.refuses("SL005", /the audit log is only added to/, () => w.q(sql));
    await refused("update syncline.audit_log set action = 'a.b'");
    await refused("update syncline.audit_log set action = 'a.b' where false");
    await refused("delete from syncline.audit_log");
    await refused("truncate syncline.audit_log");
    await w.q("set local session_replication_role = replica");
    await refused("delete from syncline.audit_log");
    await w.q("set local session_replication_role = origin");
    for (const role of ["syncline_app", "syncline_app_writer", "syncline_support", "syncline_operator"]) {
      await w.q(`set local role ${role}`);
      for (const sql of [
        "insert into syncline.audit_log (actor_kind, action, subject_kind) values ('system', 'a.b', 'c')",
        "update syncline.audit_log set action = 'a.b'",
        "delete from syncline.audit_log",
        "truncate syncline.audit_log",
        "select syncline.write_audit(null, 'a.b', 'c', null, null)",
      ]) {
        await w.refuses("42501", /permission denied/, () => w.q(sql));
      }
      await w.q("reset role");
    }
  },
  "housekeeping deletes entries past their retention and no others": async (w) => {
    await makeSync(w);
    const count = () => w.one("select count(*)::int from syncline.audit_log");
    const old = await count();
    await w.forward("399 days");
    await makeSync(w);
    assert.equal(await w.one("select syncline.tidy_audit(1000)"), 0);
    const all = await count();
    await w.forward("2 days");
    assert.equal(await w.one("select syncline.tidy_audit(1000)"), old);
    assert.equal(await count(), all - old);
  },
  "a run from its tick to its end, and a connection that is fetched, call none of the triggers": async (w) => {
    const ids = await makeSync(w, { nextRunAt: START });
    const entries = () => w.one("select count(*)::int from syncline.audit_log");
    const before = await entries();
    await w.q("select * from syncline.tick(10)");
    await finishRun(w.db, await claim(w.db));
    assert.equal(await w.one("select last_run_id is not null from syncline.syncs where id = $1", [ids.sync]), true);
    await w.q(
      "update syncline.connections set credentials_sealed = 'renewed', credentials_expire_at = syncline.now(), updated_at = syncline.now()",
    );
    await w.q("update syncline.connections set last_fetched_at = syncline.now()");
    assert.equal(await entries(), before);
    // EXPLAIN names each trigger that was called.
    const calls = async (sql: string) =>
      JSON.stringify(await w.q(`explain (analyze, costs off, timing off, buffers off) ${sql}`));
    const frequent = [
      "update syncline.syncs set next_run_at = null, last_run_id = null, last_success_at = syncline.now(), consecutive_failures = 0",
      "update syncline.connections set credentials_sealed = 'again', updated_at = syncline.now(), last_fetched_at = syncline.now()",
      "update syncline.webhook_endpoints set consecutive_failures = 1, circuit = 'closed'",
    ];
    for (const sql of frequent) assert.doesNotMatch(await calls(sql), /audit/, sql);
    assert.match(await calls("update syncline.syncs set state = 'paused', next_run_at = null"), /audit_paused/);
  },
  "who: the setting of the transaction, when it is the server's; else who logged in": async (w) => {
    const { environment } = await makeSync(w);
    const key = await createApiKey(w.db, {
      environment,
      keyHash: Buffer.alloc(32, 8),
      displayName: "ci",
      scopes: ["*"],
    });
    const act = async () => {
      await w.q("update syncline.environments set on_sync_error = not on_sync_error where id = $1", [environment]);
      const [{ actor_kind, actor_id, actor_name, ip } = {}] = await w.q(
        "select * from syncline.audit_log order by id desc limit 1",
      );
      return [actor_kind, actor_id, actor_name, ip];
    };
    const actor = (value: object | null) =>
      w.q("select set_config('syncline.actor', $1, true)", [value === null ? "" : JSON.stringify(value)]);
    await actor({ kind: "api_key", id: String(key.id), ip: "10.0.0.1" });
    assert.deepEqual(await act(), ["api_key", String(key.id), "ci", "10.0.0.1"]);
    await actor({ kind: "account_key", id: null });
    assert.deepEqual(await act(), ["account_key", null, null, null]);
    await actor(null);
    const me = await w.one("select session_user::text");
    await w.q("set local application_name = 'syncline worker 17'");
    assert.deepEqual(await act(), ["system", me, "syncline worker", null]);
    await w.q("set local application_name = 'syncline sql 17'");
    assert.deepEqual(await act(), ["operator", me, me, null]);
    await w.q("create role audit_ann; grant syncline_operator to audit_ann; set local session authorization audit_ann");
    await actor({ kind: "api_key", id: String(key.id) });
    await w.q("update syncline.settings set time_slice = '8 min'");
    await w.q("reset session authorization");
    const [last] = await w.q("select * from syncline.audit_log order by id desc limit 1");
    assert.deepEqual([last!.action, last!.actor_kind, last!.actor_id], ["settings.updated", "operator", "audit_ann"]);
    await w.q(`set local session authorization audit_ann;
      set local syncline.fake_now = '2001-01-01'; update syncline.settings set time_slice = '9 min'; reset session authorization`);
    const [dated] = await w.q("select at > '2026-01-01' as is_true from syncline.audit_log order by id desc limit 1");
    assert.equal(dated?.is_true, true, "an operator dates nothing back: what is past its retention goes");
  },
  "every column of what is audited counts, or is said here to be no configuration": async (w) => {
    const CHURN: Record<string, string[]> = {
      environments: ["id", "uid", "created_at"],
      environment_variables: ["environment_id", "name", "created_at", "updated_at"],
      api_keys: ["id", "created_at"],
      integrations: ["id", "environment_id", "created_at", "updated_at"],
      // Credentials are renewed all the time; import_connection writes down who replaces them.
      connections: [
        "id",
        "environment_id",
        "integration_id",
        "credentials_sealed",
        "credentials_expire_at",
        "created_at",
        "updated_at",
        "last_fetched_at",
      ],
    };
    for (const [table, churn] of Object.entries(CHURN)) {
      const columns = (
        await w.q(
          "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
          [`syncline.${table}`],
        )
      ).map((row) => row.attname);
      const counted = (
        await w.q("select columns from syncline.audited_changes() where table_name = $1 and columns is not null", [
          table,
        ])
      ).flatMap((row) => row.columns);
      assert.deepEqual([...churn, ...counted].sort(), columns.sort(), table);
    }
  },
});
