// Two environments that have the same names for everything; what one of them holds carries a mark.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { TEST_MASTER_KEY } from "../helpers/engine.ts";
import { compileTexts } from "../helpers/installation.ts";
import { until } from "../helpers/until.ts";
import { receive } from "../http/received.ts";
import { KEYS, type Running, startRunning } from "./running.ts";
import { startUpstream } from "./upstream.ts";
import { ACCOUNT_KEY, arrange, requestWith } from "./world.ts";

/** What is found in an answer to the one and belongs to the other. */
export const MARK = "only-dev-may-see-this";

/** What has an id of its own in each environment. */
export type Ids = {
  name: "dev" | "prod";
  environment: number;
  uid: string;
  apiKey: number;
  action: string;
  deployment: string;
  dryRun: string;
  session: string;
  /** The token of a session that makes a connection. */
  connecting: string;
  cursor: string;
  /** A finished run of the sync's variant "mine". */
  run: number;
  /** What the app was told, and where. */
  webhook: string;
  endpoint: number;
  /** A webhook of a provider, refused, and one that is handled. */
  refused: string;
  event: string;
  function: object;
};

export type Tenants = { server: Running; dev: Ids; prod: Ids };

const functionsWith = (mark: string) => ({
  "crm/syncs/contacts.ts": `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "A sync, ${mark}", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string(), mark: z.string() }) },
  exec: async (nango) => {
    await nango.log("${mark}");
    await nango.batchSave([{ id: "1", mark: "${mark}" }, { id: "2", mark: "${mark}" }], "Contact");
  },
});`,
  "crm/actions/echo.ts": `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "An action, ${mark}", version: "1.0.0", input: z.unknown(), output: z.unknown(),
  exec: async (nango, input) => ({ mark: "${mark}", input }),
});`,
});

export const headersOf = { "connection-id": "one", "provider-config-key": "crm" };

const CODE = (mark: string) => functionsWith(mark)["crm/actions/echo.ts"].trim();

/** Fill an environment. */
const fill = async (server: Running, name: "dev" | "prod", upstream: string): Promise<Ids> => {
  const mark = name === "dev" ? MARK : "prod";
  const { url, db } = server;
  const key = KEYS[name];
  const functions = await compileTexts(functionsWith(mark));
  await arrange({ url, key, upstream, functions }, mark);
  const ask = requestWith(url, key);
  const json = async (...asked: Parameters<typeof ask>) => JSON.parse(await ask(...asked));
  const pair = { provider_config_key: "crm", connection_id: "one" };
  for (const variant of ["mine", "base-gone"]) await ask("POST", `/sync/contacts/variant/${variant}`, pair);
  await ask("PATCH", "/environment/webhooks", { primary_url: `${upstream}/${mark}` });
  const { data: made } = await json("POST", "/environment/api-keys", { display_name: mark });
  const { data: session } = await json("POST", "/connect/sessions", { end_user: { id: "u1", display_name: mark } });
  const { data: connecting } = await json("POST", "/connect/sessions", { end_user: { id: "u1", display_name: mark } });
  const started = await fetch(`${url}/action/trigger`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "x-async": "true",
      "idempotency-key": "same",
      ...headersOf,
    },
    body: JSON.stringify({ action_name: "echo", input: mark }),
  });
  const { id: action } = (await started.json()) as { id: string };
  assert.equal(started.status, 202);
  const deployed = {
    type: "function",
    integration_id: "crm",
    function_name: "alone",
    function_type: "action",
    code: CODE(mark),
  };
  const { id: deployment } = await json("POST", "/functions/deployments", deployed);
  const dry = { integration_id: "crm", function_type: "action", code: CODE(mark), connection_id: "one", input: mark };
  const { id: dryRun } = await json("POST", "/functions/dryruns", dry);
  const status = "/sync/status?provider_config_key=crm&syncs=*";
  await until(`${name} is quiet`, async () => {
    const { syncs } = (await json("GET", status)) as { syncs: { status: string }[] };
    return syncs.every((sync) => sync.status === "SUCCESS");
  });
  const jobs = [`/action/${action}`, `/functions/deployments/${deployment}`, `/functions/dryruns/${dryRun}`];
  for (const job of jobs) {
    await until(`${job} has ended`, async () => {
      const text = await ask("GET", job, undefined, [200, 404]);
      return !/"status":"(waiting|queued|pending|running)"|not_found/.test(text);
    });
  }
  const records = await fetch(`${url}/records?model=Contact`, {
    headers: { authorization: `Bearer ${key}`, ...headersOf },
  });
  const page = (await records.json()) as { records: { _nango_metadata: { cursor: string } }[] };
  const [row] = await db.query("select id, uid from syncline.environments where name = $1", [name]);
  const ofMine = `select r.id from syncline.runs r join syncline.syncs s on s.id = r.sync_id where s.environment_id = $1 and s.variant = 'mine'`;
  const [mine] = await db.query(ofMine, [row?.id]);
  const told = `select o.uid, e.id from syncline.outbox o join syncline.webhook_endpoints e using (environment_id, url) where o.environment_id = $1 limit 1`;
  const [webhook] = await db.query(told, [row?.id]);
  const [integration] = await db.query(
    "select id from syncline.integrations where environment_id = $1 and unique_key = 'crm'",
    [row?.id],
  );
  const keys = createDataKeys({ db: db.pool, keyring: createKeyring({ masterKey: TEST_MASTER_KEY }) });
  const ours = { environment: row?.id, integration: integration?.id, event: mark, body: { mark } };
  const refused = await receive({ db: db.pool, keys }, { ...ours, reason: mark });
  // What is sent to the app is logged when it is, which nobody waits for here.
  const forward = (isOn: boolean) =>
    db.query("update syncline.integrations set forward_webhooks = $2 where id = $1", [integration?.id, isOn]);
  await forward(false);
  const event = await receive({ db: db.pool, keys }, ours);
  await db.query("select syncline.ring_inbox()");
  await until(`${name}'s webhook is handled`, async () => {
    const [found] = await db.query("select state from syncline.inbox where uid = $1", [event]);
    return found?.state === "handled";
  });
  await forward(true);
  return {
    name,
    environment: row?.id,
    uid: row?.uid,
    apiKey: made.id,
    action,
    deployment,
    dryRun,
    session: session.token,
    connecting: connecting.token,
    cursor: page.records[1]?._nango_metadata.cursor as string,
    run: mine?.id,
    webhook: webhook?.uid,
    endpoint: webhook?.id,
    refused,
    event,
    function: functions.find(({ kind }) => kind === "action") as object,
  };
};

/** Both, on one server that works on nothing any more. */
export const startTenants = async (t: TestContext): Promise<Tenants> => {
  const [server, upstream] = await Promise.all([
    startRunning(t, { SYNCLINE_ACCOUNT_KEY: ACCOUNT_KEY }),
    startUpstream(t),
  ]);
  // One after the other: at once they would take each other's threads, which serve one environment.
  const dev = await fill(server, "dev", upstream.url);
  const prod = await fill(server, "prod", upstream.url);
  await until("all is quiet", async () => {
    const text = "select count(*)::int as count from syncline.runs where finished_at is null";
    return (await server.db.query(text))[0]?.count === 0;
  });
  return { server, dev, prod };
};
