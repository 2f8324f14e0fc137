// Rounds of renewing one expired token by several processes while something breaks: the provider refuses, resets or hangs before
// it has seen the request, our connection to the database is cut in the middle of storing, a process that waits is killed.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { connect as connectTo } from "../../src/db/pool.ts";
import { renewalWorld, type ServerProcess } from "../auth/renewal-world.ts";
import type { TokenFault } from "../helpers/oidc.ts";
import type { Seeded } from "../helpers/seed.ts";
import { until } from "../helpers/until.ts";

const PROCESSES = 3;
const CONNECTIONS = ["one", "two", "three", "four"];
const USERS = 6;

export const FAULTS = ["none", "503", "reset", "hang", "cut", "killed"] as const;
export type Fault = (typeof FAULTS)[number];

const SAVING = `
select pid from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock' and query like '%save_renewal%'`;

/** A world of processes; `round` breaks what it is told, `happened` counts what broke. */
export const renewalRounds = async (t: TestContext, random: Seeded) => {
  const world = await renewalWorld(t, { count: PROCESSES });
  const { oidc, db, servers, expire, proxy } = world;
  const connections: { id: number; name: string }[] = [];
  for (const name of CONNECTIONS) connections.push({ id: await world.connect(name), name });
  const happened = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;

  let pending: TokenFault = null;
  oidc.onToken(() => {
    const fault = pending;
    pending = null;
    return fault;
  });

  // As if the 30 s after a failure were over.
  const forget = (id: number) =>
    db.query("update syncline.connection_auth set failed_at = null, failing_days = 0 where connection_id = $1", [id]);

  const mustServe = async (name: string, through: ServerProcess[]): Promise<void> => {
    for (const answer of await Promise.all(through.map((server) => proxy(server, name))))
      assert.deepEqual([answer.status, answer.body.name], [200, "ada"], JSON.stringify(answer.body));
  };

  /** Nothing of the connection can be stored while `work` is under way. */
  const whileHeld = async (id: number, work: () => Promise<void>): Promise<void> => {
    await db.query("update syncline.connections set last_fetched_at = syncline.now() where id = $1", [id]);
    const holder = await connectTo({ url: db.url, applicationName: "holder of a row" });
    try {
      await holder.query("begin");
      await holder.query("select from syncline.connections where id = $1 for update", [id]);
      await work();
      await holder.query("rollback");
    } finally {
      await holder.end();
    }
  };

  const cutSaving = async (): Promise<void> => {
    for (let cuts = 1 + random.below(3); cuts > 0; cuts--) {
      const [{ pid } = {}] = await until("it is being stored", async () => {
        const rows = await db.query(SAVING);
        return rows.length > 0 && rows;
      });
      await db.query("select pg_terminate_backend($1)", [pid]);
      await until("the connection is cut", async () => (await db.query(SAVING)).every((row) => row.pid !== pid));
      happened.cut += 1;
    }
  };

  /** Kill one that waits for the process that has the lease. */
  const killWaiting = async (id: number): Promise<ServerProcess> => {
    await until("it is being stored", async () => (await db.query(SAVING)).length > 0);
    const [row] = await db.query("select lease_holder from syncline.connection_auth where connection_id = $1", [id]);
    const holder = Number(row!.lease_holder.split(":")[1]);
    const waiting = servers.filter(({ process }) => process.pid !== holder);
    assert.equal(waiting.length, PROCESSES - 1, `process ${holder} has the lease`);
    const victim = random.pick(waiting);
    victim.process.kill("SIGKILL");
    await victim.process.exited;
    happened.killed += 1;
    return victim;
  };

  const round = async (fault: Fault): Promise<void> => {
    const { id, name } = random.pick(connections);
    const granted = oidc.counts.refresh_token;
    await expire(id);
    if (fault === "503" || fault === "reset" || fault === "hang") pending = fault;
    const users = Array.from({ length: USERS }, (_, n) => servers[n % PROCESSES]!);
    const askAll = () => users.map((server) => ({ server, answer: proxy(server, name).catch(() => undefined) }));
    let asking: ReturnType<typeof askAll> = [];
    let victim: ServerProcess | undefined;
    if (fault === "cut" || fault === "killed") {
      await whileHeld(id, async () => {
        asking = askAll();
        if (fault === "cut") await cutSaving();
        else victim = await killWaiting(id);
      });
    } else asking = askAll();
    const answers = await Promise.all(asking.map(async ({ server, answer }) => ({ server, answer: await answer })));
    const isOfProvider = fault === "503" || fault === "reset" || fault === "hang";
    for (const { server, answer } of answers) {
      if (server === victim) continue;
      const expected = isOfProvider ? [200, 400, 424] : [200];
      assert.ok(expected.includes(answer?.status ?? 0), `${fault}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
    }
    if (isOfProvider) {
      assert.equal(pending, null, `nobody met ${fault}`);
      happened[fault] += 1;
      await forget(id);
    } else if (fault === "none") happened.none += 1;
    if (victim !== undefined) servers[servers.indexOf(victim)] = await world.start();
    await mustServe(name, servers);
    assert.equal(oidc.counts.refresh_token - granted, 1, `${fault}: one refresh`);
    assert.deepEqual([oidc.counts.reuses, oidc.counts.refused], [0, []]);
  };

  /** Every connection still gets new tokens. */
  const checkAll = async (): Promise<void> => {
    for (const { id, name } of connections) {
      await forget(id);
      const { status, body } = await world.get(servers[0]!, name, "&force_refresh=true");
      assert.deepEqual([status, body.errors], [200, []], name);
    }
    assert.deepEqual([oidc.counts.reuses, oidc.counts.refused], [0, []]);
  };
  return { round, checkAll, happened };
};
