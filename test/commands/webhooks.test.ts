// `syncline webhooks`: an outage of the receiver, as a person at the command line sees and ends it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { runSyncline, startApi } from "./server.ts";

test("URLs are set, tested and looked at; an endpoint is paused and resumed; what was given up is sent again", async (t) => {
  const { db, env } = await startApi(t);
  let status = 503;
  const receiver = createServer((_req, res) => res.writeHead(status).end());
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  t.after(() => receiver.close());
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const run = (...args: string[]) => runSyncline(t, ["webhooks", ...args], env);
  const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).out);

  assert.match((await run("set", "--primary", url, "--on-sync-error", "false")).out, /on_sync_error +false/);
  assert.match((await run("set", "--secondary", "http://10.0.0.1/")).out, /secondary_url: 10\.0\.0\.1 is at a private/);
  const failed = await run("test");
  assert.deepEqual([failed.code, /^503 +\d+ ms +http/.test(failed.out)], [1, true]);
  status = 200;
  assert.equal((await run("test")).code, 0);
  const [key, standard] = (await run("secret")).out.trimEnd().split("\n");
  assert.equal(standard, `whsec_${Buffer.from(key!).toString("base64")}`);

  await db.query(
    `select syncline.enqueue_webhook(id, null, null, 'auth', '{"n": 1}') from syncline.environments where name = 'dev'`,
  );
  const [{ id, state }] = (await json("list")).webhooks;
  assert.equal(state, "pending");
  assert.equal((await run("pause", url)).out, "It is paused.\n");
  assert.match((await run("show", id)).out, /endpoint paused: since \d+ s: nothing is sent to it[\s\S]+"n": 1/);
  assert.match((await run()).out, new RegExp(`primary_url +${url}[\\s\\S]+paused`));
  await run("resume", "1");
  assert.equal((await json("endpoints")).endpoints[0].status, "sending");
  assert.match((await run("pause", "http://else.example/")).out, /^error: Nothing is sent to .+\n {2}1 {2}http/);

  await db.query(
    "update syncline.outbox set state = 'dead', lane_id = null, next_attempt_at = null, ended_at = syncline.now()",
  );
  assert.match((await run("list", "--state", "dead", "--since", "1h")).out, /dead +auth/);
  assert.match((await run("replay")).out, /^error: Name one webhook, or which/);
  assert.equal(
    (await run("replay", "--state", "dead", "--since", "1h", "--dry-run")).out,
    "1 webhook would be sent.\n",
  );
  assert.equal((await run("replay", "--state", "dead", "--since", "1h")).out, "1 webhook will be sent.\n");
  assert.equal((await run("replay", id)).out, "It will be sent.\n");
});
