// 36_inbox_handling.sql: who an event is about, and what is owed for it.
import assert from "node:assert/strict";
import { type Ids, makeSync, sqlTests } from "../helpers/world.ts";
import { accept, handle, type Lookup, lawful, listening, type Part, subscribe } from "./inbox.ts";

sqlTests("36_inbox_handling", {
  "each kind of lookup finds its connections, the first that finds any counts, and each is owed one call per part":
    async (w) => {
      const one = await listening(w);
      const two = await listening(w, { beside: one });
      const three = await listening(w, { beside: one });
      const set = (ids: Ids, metadata: object, config: object) =>
        w.q("update syncline.connections set metadata = $2, connection_config = $3 where id = $1", [
          ids.connection,
          metadata,
          config,
        ]);
      await set(one, { account: "a" }, { team: { id: "T1" } });
      await set(two, { account: ["a", "b"] }, { shop: "x.y" });
      await set(three, { account: 7 }, { "team.id": "T3" });
      const name = (ids: Ids) =>
        w.one("select connection_id from syncline.connections where id = $1", [ids.connection]);
      const table: [Lookup[], Ids[]][] = [
        [[{ by: "all" }], [one, two, three]],
        [[{ by: "connectionId", value: await name(two) }], [two]],
        [[{ by: "metadata.account", value: "a" }], [one, two]],
        [[{ by: "metadata.account", value: "b" }], [two]],
        [[{ by: "metadata.account", value: "7" }], [three]],
        [[{ by: "config.team.id", value: "T1" }], [one]],
        [[{ by: "config.team.id", value: "T3" }], [three]],
        [[{ by: "config.shop", value: "x.y" }], [two]],
        [[{ by: "config.shop", value: "z" }, { by: "metadata.account", value: "b" }, { by: "all" }], [two]],
        [[{ by: "config.shop", value: "z" }], []],
        [[], []],
      ];
      for (const [lookups, expected] of table) {
        const id = await accept(w, one, [{ lookups }]);
        assert.equal(await handle(w), 1);
        const matches = await w.q("select connection_id from syncline.inbox_matches where inbox_id = $1 order by 1", [
          id,
        ]);
        const wanted = expected.map(({ connection }) => connection);
        assert.deepEqual(
          matches.map((row) => row.connection_id),
          wanted,
          JSON.stringify(lookups),
        );
        const owed = await w.q("select connection_id from syncline.webhook_calls where inbox_id = $1 order by id", [
          id,
        ]);
        assert.deepEqual(owed, matches);
        assert.equal(await w.one("select matched from syncline.inbox where id = $1", [id]), expected.length);
      }
      const several = await accept(w, one, [
        { lookups: [{ by: "config.shop", value: "x.y" }] },
        { lookups: [{ by: "metadata.account", value: "a" }] },
      ]);
      await handle(w);
      const matched = await w.q(
        "select connection_id, parts from syncline.inbox_matches where inbox_id = $1 order by 1",
        [several],
      );
      assert.deepEqual(matched, [
        { connection_id: one.connection, parts: [1] },
        { connection_id: two.connection, parts: [0, 1] },
      ]);
      await lawful(w);
    },
  "the first subscription that is one of the types, or *, calls a base sync once; an empty one never": async (w) => {
    const ids = await makeSync(w);
    const called = async (subscriptions: string[], events: string[]) => {
      await subscribe(w, ids, subscriptions);
      const id = await accept(w, ids, [{ events }]);
      await handle(w);
      return w.one("select string_agg(subscription, ',') from syncline.webhook_calls where inbox_id = $1", [id]);
    };
    assert.equal(await called(["made", "changed", "*"], ["changed"]), "changed");
    assert.equal(await called(["*", "changed"], ["changed"]), "*");
    assert.equal(await called(["changed", "push"], ["push", "changed"]), "changed");
    assert.equal(await called(["chang*", "CHANGED", "change"], ["changed"]), null);
    assert.equal(await called(["", "x"], ["", "changed"]), null);
    assert.equal(await called([], ["changed"]), null);
    assert.equal(await called(["*"], []), "*");
    await w.q("update syncline.syncs set variant = 'other' where id = $1", [ids.sync]);
    assert.equal(await called(["*"], ["changed"]), null);
  },
  "the app is told once for each connection, or as it came when it is nobody's, where the integration forwards": async (
    w,
  ) => {
    const one = await listening(w);
    const two = await listening(w, { beside: one });
    await w.q("update syncline.connections set webhook_url_override = 'https://own.example' where id = $1", [
      two.connection,
    ]);
    const forwarded = async (parts: Part[]) => {
      await w.q("delete from syncline.outbox");
      await accept(w, one, parts);
      await handle(w);
      const rows = await w.q("select connection_id, url, body from syncline.outbox order by connection_id");
      return rows.map(({ connection_id: id, url, body }) => [id, new URL(url).host, body.type ?? null]);
    };
    assert.deepEqual(await forwarded([{}, {}]), [
      [one.connection, "app.example", "forward"],
      [two.connection, "own.example", "forward"],
    ]);
    assert.deepEqual(await forwarded([{ lookups: [] }]), [[null, "app.example", null]]);
    await w.q("update syncline.integrations set forward_webhooks = false where id = $1", [one.integration]);
    assert.deepEqual(await forwarded([{}]), []);
  },
});
