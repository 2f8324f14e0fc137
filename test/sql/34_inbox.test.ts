// sql/34_inbox.sql: taking what providers send.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { acceptEvents, findLookupSecrets, findWebhookTargets } from "../../src/db/inbox.ts";
import { hashOf, makeSync, sqlTests, type World } from "../helpers/world.ts";

type Event = { to: number; id?: string | null; key?: string | null; body?: string; reason?: string; version?: string };

const accept = (w: World, events: Event[]) => {
  const keyOf = ({ id, key = id }: Event) => (key === undefined || key === null ? null : hashOf(key));
  return acceptEvents(w.db, {
    uids: events.map(() => randomUUID()),
    integrations: events.map(({ to }) => to),
    reasons: events.map(({ reason }) => reason ?? null),
    verified: events.map(() => true),
    deliveryIds: events.map(({ id }) => id ?? null),
    keys: events.map(keyOf),
    bodyHashes: events.map(({ body }) => hashOf(body ?? "body")),
    contents: events.map(({ body }) => Buffer.from(body ?? "body")),
    bytes: events.map(() => 4),
    parts: events.map(() => "[]"),
    versions: events.map(({ version }) => version ?? null),
  });
};

const rows = (w: World) =>
  w.q(
    "select delivery_id as id, state, duplicates, dedupe_key is not null as has_key from syncline.inbox x order by x.id",
  );

const kept = (id: string | null, duplicates = 0, has_key = true, state = "waiting") => ({
  id,
  state,
  duplicates,
  has_key,
});

sqlTests("34_inbox", {
  "each id is stored once, in the order of arrival, and the others are counted": async (w) => {
    const { integration: to } = await makeSync(w);
    const other = (await makeSync(w)).integration;
    const first = [
      { to, id: "c" },
      { to, id: "a" },
      { to, id: "c" },
      { to: other, id: "c" },
      { to, id: "b" },
    ];
    assert.equal(await accept(w, first), "++=++");
    assert.equal(
      await accept(w, [
        { to, id: "b", body: "retry" },
        { to, id: "d" },
        { to, id: "b" },
      ]),
      "!+=",
    );
    await w.forward("30 days");
    assert.equal(await accept(w, [{ to, id: "a" }]), "=");
    assert.deepEqual(await rows(w), [kept("c", 1), kept("a", 1), kept("c"), kept("b", 2), kept("d")]);
  },
  "what has no id of its own is the same for ten minutes; then the newer one takes the key": async (w) => {
    const { integration: to } = await makeSync(w);
    assert.equal(await accept(w, [{ to, key: "x" }]), "+");
    await w.forward("9 min 59 s");
    assert.equal(
      await accept(w, [
        { to, key: "x" },
        { to, key: "y" },
      ]),
      "=+",
    );
    await w.forward("2 s");
    assert.equal(
      await accept(w, [
        { to, key: "x" },
        { to, key: "y" },
        { to, key: "x" },
      ]),
      "+==",
    );
    assert.deepEqual(await rows(w), [kept(null, 1, false), kept(null, 1), kept(null, 1)]);
  },
  "what is refused is kept each time and keeps nothing out": async (w) => {
    const { integration: to } = await makeSync(w);
    const refused = { to, id: "a", key: null, reason: "signature_mismatch" };
    assert.equal(await accept(w, [refused, refused, { to, id: "a" }]), "+++");
    const bad = kept("a", 0, false, "refused");
    assert.deepEqual(await rows(w), [bad, bad, kept("a")]);
  },
  "nothing is stored for an integration or an environment that is gone": async (w) => {
    const one = await makeSync(w);
    const two = await makeSync(w);
    await w.q("update syncline.integrations set deleted_at = syncline.now() where id = $1", [one.integration]);
    await w.q("update syncline.environments set deleted_at = syncline.now() where id = $1", [two.environment]);
    const there = await makeSync(w);
    const events = [one, two, there, { integration: 0 }].map(({ integration: to }) => ({ to, id: "a" }));
    assert.equal(await accept(w, events), "--+-");
  },
  "targets are found by the environment's uid and the integration's key": async (w) => {
    const ids = await makeSync(w);
    const [at] = await w.q(
      "select e.uid, i.unique_key as key from syncline.environments e join syncline.integrations i on i.environment_id = e.id where e.id = $1",
      [ids.environment],
    );
    await w.q(
      `update syncline.integrations set custom = '{"webhookSecret": "s"}', webhook_secret_sealed = 'sealed' where id = $1`,
      [ids.integration],
    );
    const found = await findWebhookTargets(w.db, {
      environments: [at!.uid, randomUUID(), at!.uid],
      keys: [at!.key, at!.key, "none"],
    });
    assert.deepEqual(
      found
        .toSorted((a, b) => a.n - b.n)
        .map(({ n, environment_id, integration_id, custom_secret }) => [
          n,
          environment_id,
          integration_id,
          custom_secret,
        ]),
      [
        [1, ids.environment, ids.integration, "s"],
        [3, ids.environment, null, null],
      ],
    );
  },
  "what was judged by an integration that was changed since is not stored, nor counted as a duplicate": async (w) => {
    const { integration: to, environment } = await makeSync(w);
    const versionNow = async () => {
      const [at] = await w.q(
        "select array[e.uid] as environments, array[i.unique_key] as keys from syncline.integrations i join syncline.environments e on e.id = i.environment_id where i.id = $1",
        [to],
      );
      return (await findWebhookTargets(w.db, at as { environments: string[]; keys: string[] }))[0]!.version!;
    };
    const version = await versionNow();
    assert.equal(await accept(w, [{ to, id: "a", version }]), "+");
    await w.q("savepoint later", []); // versions are of transactions
    await w.q("update syncline.integrations set display_name = 'New' where id = $1", [to]);
    const events = [
      { to, id: "a", version },
      { to, id: "b", version },
      { to, version, reason: "wrong_signature" },
      { to, id: "a", version: await versionNow() },
      { to, id: "c", version: await versionNow() },
    ];
    assert.equal(await accept(w, events), "---=+");
    await w.q("update syncline.environments set deleted_at = syncline.now() where id = $1", [environment]);
    assert.equal(await accept(w, [{ to, id: "d", version: events[4]!.version }]), "-");
    assert.deepEqual(await rows(w), [kept("a", 1), kept("c")]);
  },
  "secrets of connections are the texts of a field of their metadata": async (w) => {
    const { integration, connection } = await makeSync(w);
    const find = (value: string) =>
      findLookupSecrets(w.db, { integration, lookups: [{ by: "metadata.team", value }], field: "webhookSecret" });
    await w.q(
      `update syncline.connections set metadata = '{"team": "t", "webhookSecret": "s3cret", "x": 1}' where id = $1`,
      [connection],
    );
    assert.deepEqual([await find("t"), await find("u")], [["s3cret"], []]);
  },
});
