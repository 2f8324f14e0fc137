// An environment as a dashboard finds it: connections with syncs, runs of every end, logs, webhooks, deletes that wait.
import type { TestContext } from "node:test";
import { appendLogs } from "../../src/db/logs.ts";
import { syncFunction, testApi } from "../http/api.ts";

const START = "2026-03-01T12:00:00Z";

/** Connections `ann` and `bob` of `crm`. Of ann's sync three runs ended: well, failed, and with deletes that wait; her newest is ready. */
export const tourWorld = async (t: TestContext) => {
  const api = await testApi(t);
  const { db, dev, claim, save, finish, fail } = api;
  await db.clock.set(START);
  await db.query("update syncline.environments set webhook_url_primary = 'https://app.example/hook' where id = $1", [
    dev.id,
  ]);
  await api.integrate("crm");
  await api.deploy([syncFunction("crm", "contacts", { track_deletes: true }, "exports.secret = 1")]);
  await api.connect("crm", "ann", { metadata: { plan: "gold" }, tags: { team: "north" } });
  const trigger = () =>
    api.must("POST", "/sync/trigger", {
      body: { syncs: ["contacts"], provider_config_key: "crm", connection_id: "ann" },
    });

  const first = await claim();
  await save(first, "Contact", [
    { id: "1", name: "Ada" },
    { id: "2", name: "Bo" },
  ]);
  await db.query("select syncline.save_checkpoint($1, $2, $3)", [first.id, first.token, { page: 2 }]);
  await finish(first);

  await db.clock.forward("1 hour");
  await trigger();
  await fail(await claim());

  await db.clock.forward("1 hour");
  await trigger();
  const third = await claim();
  await db.query("update syncline.syncs set delete_limit_rows = 0");
  const [stream] = await db.query("select id from syncline.streams");
  const at = [third.id, third.token, stream!.id];
  await db.query("select syncline.open_own_refresh($1, $2, $3)", at);
  await db.query("select syncline.end_refresh($1, $2, $3)", at);
  await finish(third);

  await db.clock.forward("1 hour");
  await trigger();
  await api.connect("crm", "bob");
  await finish(await claim());
  await finish(await claim());
  await trigger();

  const { connection_id: ann } = first;
  const refused = { type: "refresh_token_external_error", description: "the provider said no", token: "never shown" };
  await db.query(
    "select syncline.fail_renewal($1, (select c.token from syncline.claim_renewal($1, 1000, true, 'a') c), $2, true)",
    [ann, refused],
  );

  const log = { environment_id: dev.id, connection_id: first.connection_id, sync_id: first.sync_id, run_id: first.id };
  const lines = (["debug", "info", "warn", "error"] as const).map((level, index) => ({
    ...log,
    at: `2026-03-01T12:0${index}:00Z`,
    kind: "message" as const,
    level,
    message: `line ${index}`,
  }));
  await appendLogs(db.pool, { rows: lines });
  const [webhook] = await db.query("select id, token from syncline.claim_deliveries(1)");
  await db.query("select syncline.finish_delivery($1, $2, 400, 12, null, null)", [webhook!.id, webhook!.token]);
  return { ...api, first, third };
};

export type TourWorld = Awaited<ReturnType<typeof tourWorld>>;
