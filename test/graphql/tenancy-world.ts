// Two environments that have the same names for everything; every text of the one carries a mark.
import type { TestContext } from "node:test";
import { appendLogs } from "../../src/db/logs.ts";
import { DEV_KEY, PROD_KEY, syncFunction, type TestApi, testApi } from "../http/api.ts";
import { receive } from "../http/received.ts";

/** What is in every text of dev and in none of prod. */
export const MARK = "only-dev-may-see-this";

const CONTACT = {
  type: "object",
  properties: {
    id: { type: "string" },
    mark: { type: "string" },
    address: { type: "object", properties: { city: { type: "string" } } },
  },
  required: ["id"],
};

const fill = async (api: TestApi, name: "dev" | "prod"): Promise<void> => {
  const { db, claim, save, finish, fail } = api;
  const [key, mark, environment] = name === "dev" ? [DEV_KEY, MARK, api.dev] : [PROD_KEY, "of-prod", api.prod];
  const as = { key };
  const hook = `https://app.example/${mark}`;
  await db.query("update syncline.environments set webhook_url_primary = $2 where id = $1", [environment.id, hook]);
  await api.integrate("crm", { body: { provider: "acme", unique_key: "crm", display_name: mark }, ...as });
  const over = {
    track_deletes: true,
    description: mark,
    models: { Contact: CONTACT },
    webhook_subscriptions: [mark],
    has_on_webhook: true,
  };
  await api.deploy([syncFunction("crm", "contacts", over, `exports.mark = "${mark}"`)], "all", as);
  const tags = { end_user_id: mark, end_user_email: `${mark}@x.example`, end_user_display_name: mark, mark };
  await api.connect("crm", "one", { metadata: { mark }, tags }, as);
  const trigger = () => {
    const body = { syncs: ["contacts"], provider_config_key: "crm", connection_id: "one" };
    return api.must("POST", "/sync/trigger", { body, ...as });
  };

  const first = await claim();
  const rows = ["1", "2", "3"].map((id) => ({ id: `${id}-${mark}`, mark, address: { city: mark } }));
  await save(first, "Contact", rows);
  await db.query("select syncline.save_checkpoint($1, $2, $3)", [first.id, first.token, { mark }]);
  await finish(first);
  await db.clock.forward("1 hour");
  await trigger();
  const second = await claim();
  await save(second, "Contact", [{ ...rows[0]!, address: { city: `new ${mark}` } }]);
  await fail(second);
  for (const decision of ["discarded", "waiting"]) {
    await db.clock.forward("1 hour");
    await trigger();
    const third = await claim();
    await db.query("update syncline.syncs set delete_limit_rows = 0 where environment_id = $1", [environment.id]);
    const [stream] = await db.query("select id from syncline.streams where environment_id = $1", [environment.id]);
    const at = [third.id, third.token, stream!.id];
    await db.query("select syncline.open_own_refresh($1, $2, $3)", at);
    await db.query("select syncline.end_refresh($1, $2, $3)", at);
    await finish(third);
    if (decision === "discarded")
      await db.query(
        "select syncline.discard_deletes(w.id) from syncline.refreshes w join syncline.syncs s on s.id = w.sync_id where s.environment_id = $1",
        [environment.id],
      );
  }
  await db.clock.forward("1 hour");
  await trigger();
  await db.query("update syncline.functions set source_code = $2 where environment_id = $1", [
    environment.id,
    `// ${mark}`,
  ]);
  await db.query("update syncline.syncs set stalled_at = syncline.now() where environment_id = $1", [environment.id]);
  const { connection_id, sync_id, id: run_id } = first;
  const of = { environment_id: environment.id, connection_id, sync_id, run_id, at: new Date().toISOString() };
  await appendLogs(db.pool, { rows: [{ ...of, kind: "message", level: "info", message: mark, detail: { mark } }] });
  const [integration] = await db.query("select id from syncline.integrations where environment_id = $1", [
    environment.id,
  ]);
  const ours = { environment: environment.id, integration: integration!.id as number, event: mark };
  for (const [team, reason] of [
    [mark, undefined],
    ["none", undefined],
    ["none", mark],
  ] as const) {
    await receive({ db: db.pool, keys: api.keys }, { ...ours, body: { mark }, team, ...(reason && { reason }) });
  }
  await db.query("update syncline.connections set metadata = metadata || $2 where id = $1", [
    connection_id,
    { team: mark },
  ]);
  await db.query("select syncline.handle_inbox(100)");
  await db.query("update syncline.inbox set duplicates = 1, last_duplicate_at = syncline.now()");
  await db.query(
    `update syncline.webhook_calls set state = 'failed', due_at = null, ended_at = syncline.now(), run_id = $2, error = $3
      where environment_id = $1`,
    [environment.id, run_id, { type: "script_error", message: mark }],
  );
  for (const status of [200, 400]) {
    const [webhook] = await db.query("select id, token from syncline.claim_deliveries(1)");
    await db.query("select syncline.finish_delivery($1, $2, $3, 12, $4, null)", [
      webhook!.id,
      webhook!.token,
      status,
      mark,
    ]);
  }
  await db.query(
    "select syncline.fail_renewal($1, (select c.token from syncline.claim_renewal($1, 1000, true, 'a') c), $2, true)",
    [connection_id, { type: "refresh_token_external_error", description: mark }],
  );
  const rest = `update syncline.webhook_endpoints set paused_at = syncline.now(), blocked_until = syncline.now() + interval '1 year',
    circuit = 'open', opened_at = syncline.now(), probe_at = syncline.now() + interval '1 year' where environment_id = $1`;
  await db.query(rest, [environment.id]);
};

/** Both, filled the one after the other; nothing works on them any more. */
export const tenants = async (t: TestContext): Promise<TestApi> => {
  const api = await testApi(t);
  await fill(api, "dev");
  await api.db.query("update syncline.runs set due_at = due_at + interval '1 year' where state = 'ready'");
  await fill(api, "prod");
  return api;
};
