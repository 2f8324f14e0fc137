// A function acts for its own connection: no member of `nango` that takes a name reads or changes anything of another's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startSync } from "../../src/db/sync-control.ts";
import { testEngine } from "../helpers/engine.ts";
import { until } from "../helpers/until.ts";

const REACHES: { name: string; code: string }[] = [
  { name: "getConnection of another", code: `await nango.getConnection("acme", "victim")` },
  { name: "getConnection of another integration", code: `await nango.getConnection("other")` },
  {
    name: "getConnection of a name that turns into another",
    code: `await nango.getConnection("acme", { toString: () => "victim", toJSON: () => "victim" })`,
  },
  { name: "a request for another", code: `await nango.get({ endpoint: "/v1/contacts", connectionId: "victim" })` },
  {
    name: "a request whose connection changes when looked at twice",
    code: `await nango.get({ endpoint: "/v1/contacts", get connectionId() { return this.n = (this.n ?? 0) + 1, this.n > 1 ? "victim" : undefined; } }).then(({ config }) => config.connectionId ?? Promise.reject(0))`,
  },
  { name: "triggerAction of another", code: `await nango.triggerAction("acme", "victim", "tell")` },
  { name: "triggerSync of another", code: `await nango.triggerSync("acme", "victim", "keeper")` },
  { name: "startSync of another", code: `await nango.startSync("acme", ["keeper"], "victim")` },
  {
    name: "its records by id",
    code: `[...(await nango.getRecordsByIds(["1"], "Secret")).values()][0] ?? Promise.reject(0)`,
  },
  {
    name: "its records under the variant's name",
    code: `[...(await nango.getRecordsByIds(["1"], "Secret::base")).values()][0] ?? Promise.reject(0)`,
  },
  {
    name: "its records by a path",
    code: `[...(await nango.getRecordsByIds(["1"], "../victim/Secret")).values()][0] ?? Promise.reject(0)`,
  },
  {
    name: "its records by a statement",
    code: `[...(await nango.getRecordsByIds(["1' or true --"], "Secret' or true --")).values()][0] ?? Promise.reject(0)`,
  },
  { name: "its records one by one", code: `(await nango.listRecords("Secret").next()).value ?? Promise.reject(0)` },
  {
    name: "its records by a cursor of its own",
    code: `(await nango.listRecords("Secret", { cursor: await theirs() }).next()).value ?? Promise.reject(0)`,
  },
  { name: "its checkpoint", code: `(await nango.getCheckpoint()) ?? Promise.reject(0)` },
  { name: "its metadata", code: `(await nango.getMetadata()).secret ?? Promise.reject(0)` },
  { name: "its lock", code: `(await nango.releaseLock({ key: "victim's" })) || Promise.reject(0)` },
  {
    name: "its lock, once more",
    code: `await nango.releaseAllLocks().then(() => nango.tryAcquireLock({ key: "victim's", ttlMs: 1000 })) || Promise.reject(0)`,
  },
  { name: "the server on its own machine", code: `await nango.uncontrolledFetch({ url: "http://127.0.0.1:5432/" })` },
  {
    name: "the cloud's metadata",
    code: `await nango.uncontrolledFetch({ url: "http://169.254.169.254/latest/meta-data" })`,
  },
  { name: "a file by a request", code: `await nango.uncontrolledFetch({ url: "file:///etc/passwd" })` },
  { name: "a method of no name", code: `await nango["const" + "ructor"]("a")` },
];

const KEEPER = `import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", models: { Secret: z.object({ id: z.string() }) }, checkpoint: z.object({ secret: z.string() }),
  exec: async (nango) => {
    await nango.setMetadata({ secret: "victim's" });
    await nango.batchSave([{ id: "1", secret: "victim's" }], "Secret");
    await nango.saveCheckpoint({ secret: "victim's" });
    await nango.tryAcquireLock({ key: "victim's", ttlMs: 60000 });
    await new Promise((resolve) => setTimeout(resolve, 3600000));
  },
});
`;

const thief = (reaches: typeof REACHES): string => `import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", models: { Loot: z.looseObject({ id: z.string() }) },
  exec: async (nango) => {
    const theirs = async () => Buffer.from("[1,1]").toString("base64url");
    const tries: Record<string, () => Promise<unknown>> = {
      ${reaches.map(({ name, code }) => `${JSON.stringify(name)}: async () => ${code},`).join("\n      ")}
    };
    const loot = [];
    for (const [name, reach] of Object.entries(tries)) {
      try { loot.push({ id: name, got: JSON.stringify(await reach()) ?? "something" }); } catch (error) { loot.push({ id: name, refused: String(error) }); }
    }
    await nango.batchSave(loot, "Loot");
  },
});
`;

const TELL = `import { createAction } from "nango";
import * as z from "zod";
export default createAction({ description: "d", input: z.any(), output: z.any(), exec: async () => "told" });
`;

test("what belongs to another connection stays out of reach", async (t) => {
  const engine = await testEngine(t, { rows: { contacts: 3 } });
  await engine.deploy({
    "acme/syncs/keeper.ts": KEEPER,
    "acme/syncs/thief.ts": thief(REACHES),
    "acme/actions/tell.ts": TELL,
  });
  const [victim, attacker] = [await engine.connect("victim"), await engine.connect("attacker")];
  await engine.db.query("update syncline.syncs set state = 'paused', next_run_at = null");
  const scope = { environment: engine.environment, integration: "acme" };
  await engine.startWorker();
  await startSync(engine.db.pool, { ...scope, connection: "victim", syncs: ["keeper"] });
  const isHeld = async () => (await engine.db.query("select from syncline.locks")).length > 0;
  await until("the victim holds its lock", isHeld);
  await startSync(engine.db.pool, { ...scope, connection: "attacker", syncs: ["thief"] });
  const loot = async () => engine.records(attacker, "Loot");
  await until("the attacker is done", async () => (await loot()).length > 0);
  const taken = (await loot()).filter(({ refused }) => refused === undefined);
  assert.deepEqual(
    taken.map(({ id, got }) => [id, got]),
    [],
  );
  assert.equal((await loot()).length, REACHES.length);
  const [kept] = await engine.records(victim, "Secret");
  assert.equal(kept?.secret, "victim's");
  const runs = await engine.db.query("select count(*)::int as n from syncline.runs where connection_id = $1", [victim]);
  assert.deepEqual(runs, [{ n: 1 }]);
});
