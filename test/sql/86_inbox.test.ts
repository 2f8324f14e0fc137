// 86_inbox_*.sql: webhooks of providers once more, whose they are, what became of them, and how they go away.
import assert from "node:assert/strict";
import { type Ids, makeSync, sqlTests, type World } from "../helpers/world.ts";

type Part = { events: string[]; lookups: object[]; from?: string; at?: unknown[] };
type Row = Record<string, unknown>;

const about = (team: string, event = "push"): Part => ({
  events: [event],
  lookups: [{ by: "metadata.team", value: team }],
  from: "body",
  at: [],
});

/** A connection of team T1 with a sync that wants pushes, and one of team T2 that has none. */
const scene = async (w: World) => {
  const ids = await makeSync(w);
  await w.q(`update syncline.functions set definition = '{"webhook_subscriptions": ["push"], "has_on_webhook": true}'`);
  await w.q(`update syncline.connections set metadata = '{"team": "T1"}'`);
  const other = await w.one(
    `insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode, metadata)
     values ($1, $2, 'other', 'API_KEY', '{"team": "T2"}') returning id`,
    [ids.environment, ids.integration],
  );
  return { ...ids, other: other as number };
};

const receive = (w: World, { environment, integration }: Ids, parts: Part[], o: Row = {}): Promise<number> =>
  w.one(
    `insert into syncline.inbox (environment_id, integration_id, verdict, reason, state, dedupe_key, content_sealed, bytes, parts)
     values ($1, $2, $3, $4, $5, case when $4::text is null then gen_random_uuid()::text::bytea end, 'sealed', 6, $6) returning id`,
    [
      environment,
      integration,
      o.reason ? "refused" : "verified",
      o.reason,
      o.reason ? "refused" : "waiting",
      JSON.stringify(parts),
    ],
  );

const handle = async (w: World) => {
  while (await w.one("select has_more from syncline.handle_inbox(100)"));
};

const overview = async (w: World, event: number) =>
  (await w.q("select * from syncline.inbox_overview where event_id = $1", [event]))[0]!;
const calls = (w: World, event: number) =>
  w.q(
    "select id, connection_id, replay, state, error ->> 'type' as error from syncline.webhook_calls where inbox_id = $1 order by id",
    [event],
  );
const forwards = (w: World, event: number) =>
  w.q("select uid, state, connection_id from syncline.outbox where inbox_id = $1 order by id", [event]);
const why = async (w: World, event: number) =>
  (await w.q("select reason, detail from syncline.why_event($1)", [event])).map(
    ({ reason, detail }) => `${reason}: ${detail}`,
  );
const end = (w: World, event: number, state: "done" | "failed") =>
  w.q(
    `update syncline.webhook_calls set state = $2, due_at = null, attempts = 3, ended_at = syncline.now(),
            error = case when $2 = 'failed' then '{"type": "script_error", "message": "no such issue"}'::jsonb end
      where inbox_id = $1 and ended_at is null`,
    [event, state],
  );

sqlTests("86_inbox", {
  "a replayed event is handled anew: what its last round had not begun is ended, the app gets it under a new id":
    async (w) => {
      const ids = await scene(w);
      const event = await receive(w, ids, [about("T1")]);
      assert.equal(await w.one("select syncline.replay_event($1)", [event]), false, "it waits to be handled anyway");
      await handle(w);
      const [first] = await forwards(w, event);
      assert.equal(await w.one("select syncline.replay_event($1)", [event]), true);
      assert.deepEqual(await forwards(w, event), [], "what is not sent yet is not sent twice");
      await handle(w);
      const states = (await calls(w, event)).map(({ replay, state, error }) => [replay, state, error]);
      assert.deepEqual(states, [
        [0, "failed", "replayed"],
        [1, "waiting", null],
      ]);
      const again = await forwards(w, event);
      assert.deepEqual([again.length, again[0]!.uid === first!.uid], [1, false]);
      const { calls_waiting, calls_failed, replays } = await overview(w, event);
      assert.deepEqual([calls_waiting, calls_failed, replays], [1, 0, 1], "of several rounds the last counts");
      const refused = await receive(w, ids, [], { reason: "signature_mismatch" });
      await w.refuses("SL005", /event is refused/, () => w.q("select syncline.replay_event($1)", [refused]));
      await w.refuses("SL002", /no such event/, () => w.q("select syncline.replay_event(999999)"));
    },
  "hours are replayed by what is asked: only the unmatched or the failed, only functions or forwards, of one connection":
    async (w) => {
      const ids = await scene(w);
      const at = (minute: string) => `2026-03-01T00:${minute}:00Z`;
      const [done, failed, unmatched] = [
        await receive(w, ids, [about("T1")]),
        await receive(w, ids, [about("T1")]),
        await receive(w, ids, [about("T3")]),
      ];
      await handle(w);
      await end(w, done, "done");
      await end(w, failed, "failed");
      await w.at(at("20"));
      const later = await receive(w, ids, [about("T2")]);
      await handle(w);
      const replay = (
        from: string,
        until: string,
        o: { integration?: string; connection?: string; only?: string; target?: string } = {},
      ) =>
        w.q("select syncline.replay_events($1, $2, $3, $4, $5, $6, $7)", [
          ids.environment,
          from,
          until,
          o.integration ?? null,
          o.connection ?? null,
          o.only ?? null,
          o.target ?? null,
        ]);
      const replayed = async (...asked: Parameters<typeof replay>) => {
        await w.db.query("savepoint round");
        const [row] = await replay(...asked);
        const waiting = await w.q("select id from syncline.inbox where state = 'waiting' order by id");
        await handle(w);
        const made = await w.one("select count(*)::int from syncline.webhook_calls where replay > 0");
        const told = await w.one("select count(*)::int from syncline.outbox where state = 'pending'");
        await w.db.query("rollback to savepoint round");
        assert.equal(Object.values(row!)[0], waiting.length);
        return [waiting.map(({ id }) => id), made, told];
      };
      const hour = [at("00"), at("10")] as const;
      assert.deepEqual(
        await replayed(...hour),
        [[done, failed, unmatched], 2, 4],
        "not the later one, which still is to be sent",
      );
      assert.deepEqual(await replayed(...hour, { target: "functions" }), [[done, failed, unmatched], 2, 4]);
      await w.q(
        "update syncline.outbox set state = 'delivered', lane_id = null, next_attempt_at = null, ended_at = syncline.now()",
      );
      assert.deepEqual(await replayed(...hour, { target: "functions" }), [[done, failed, unmatched], 2, 0]);
      assert.deepEqual(await replayed(...hour, { target: "forwards" }), [[done, failed, unmatched], 0, 3]);
      assert.deepEqual(await replayed(...hour, { only: "failed" }), [[failed], 1, 1]);
      assert.deepEqual(await replayed(...hour, { only: "failed", target: "forwards" }), [[], 0, 0]);
      assert.deepEqual(await replayed(...hour, { only: "unmatched" }), [[unmatched], 0, 1]);
      assert.deepEqual(await replayed(at("00"), at("59"), { connection: "other" }), [[later], 0, 1]);
      await w.refuses("SL004", /no time given/, () => replay(null as never, at("01")));
      await w.refuses("SL004", /bad only/, () => replay(...hour, { only: "all" }));
      await w.refuses("SL002", /no such integration/, () => replay(...hour, { integration: "nobody" }));
    },
  "an event that matched nobody is handed to a connection, for this one alone, and goes to it again when replayed":
    async (w) => {
      const ids = await scene(w);
      const event = await receive(w, ids, [about("T3")]);
      await handle(w);
      assert.match(
        (await why(w, event))[0]!,
        /^no connection: looked for metadata.team = "T3": no connection of acme\d+ has it$/,
      );
      const attribute = (connection: number) => w.one("select syncline.attribute_event($1, $2)", [event, connection]);
      assert.deepEqual([await attribute(ids.connection), await attribute(ids.connection)], [true, false]);
      assert.deepEqual([(await overview(w, event)).matched, (await calls(w, event)).length], [1, 1]);
      assert.deepEqual(
        (await forwards(w, event)).map(({ connection_id }) => connection_id),
        [null, ids.connection],
      );
      assert.equal(await w.one("select count(*)::int from syncline.runs where kind = 'webhook'"), 1);
      assert.equal(await attribute(ids.other), true);
      assert.equal((await calls(w, event)).length, 1, "what others got they do not get again");
      await w.q("select syncline.replay_event($1)", [event]);
      await handle(w);
      assert.equal((await overview(w, event)).matched, 2);
      const elsewhere = await makeSync(w);
      await w.refuses("SL002", /no such connection/, () => attribute(elsewhere.connection));
    },
  "a call that failed is made again before later ones, one whose event was replayed is not": async (w) => {
    const ids = await scene(w);
    const [first, second] = [await receive(w, ids, [about("T1")]), await receive(w, ids, [about("T1")])];
    await handle(w);
    await end(w, first, "failed");
    const [call] = await calls(w, first);
    assert.match(
      (await why(w, first))[0]!,
      /^call failed: sync contacts\d+ of "customer\d+": no such issue, after 3 attempts$/,
    );
    assert.equal(await w.one("select syncline.retry_webhook_call($1)", [call!.id]), true);
    assert.match((await why(w, second))[0]!, new RegExp(`waits behind call ${call!.id}$`));
    assert.equal(await w.one("select syncline.next_webhook_calls($1, 1)", [ids.sync]).then(String), String(call!.id));
    await end(w, first, "failed");
    await w.q("select syncline.replay_event($1)", [first]);
    await handle(w);
    await w.refuses("SL005", /was replayed/, () => w.q("select syncline.retry_webhook_call($1)", [call!.id]));
  },
  "every event says what became of it": async (w) => {
    const ids = await scene(w);
    const waits = await receive(w, ids, [about("T1")]);
    assert.match(
      (await why(w, waits)).join(),
      /^not handled yet: since 0 s; 0 of its integration are before it; no worker is alive$/,
    );
    const other = await receive(w, ids, [about("T1", "ping")]);
    const refused = await receive(w, ids, [], { reason: "signature_mismatch" });
    await handle(w);
    assert.deepEqual(await why(w, other), [
      `no subscription: no sync of connection "${await w.one("select connection_id from syncline.connections where id = $1", [ids.connection])}" subscribes to "ping"; subscriptions are ${await w.one("select name from syncline.syncs where id = $1", [ids.sync])}: push`,
      `forward is pending: webhook ${await w.one("select id from syncline.outbox where inbox_id = $1", [other])} to https://app.example/hook, after 0 attempts`,
    ]);
    assert.deepEqual(await why(w, refused), ["refused: signature_mismatch, 0 s ago: neither handled nor forwarded"]);
    await w.q("update syncline.integrations set forward_webhooks = false");
    await w.q("delete from syncline.outbox");
    assert.match(
      (await why(w, waits)).join(),
      /^call waits: .*: run \d+ is ready,not forwarded: integration acme\d+ does not forward webhooks$/,
    );
    await w.refuses("SL002", /no such event/, () => w.q("select syncline.why_event(999999)"));
  },
  "events go after their retention, refused ones after a day, what is owed for keeps them": async (w) => {
    const ids = await scene(w);
    const tidied = async () => {
      while (await w.one("select has_more from syncline.tidy()"));
      return (await w.q("select id from syncline.inbox order by id")).map(({ id }) => id);
    };
    const [owed, sent, gone, refused] = [
      await receive(w, ids, [about("T1")]),
      await receive(w, ids, [about("T2")]),
      await receive(w, ids, [about("T2")]),
      await receive(w, ids, [], { reason: "signature_mismatch" }),
    ];
    await handle(w);
    const delivered =
      "update syncline.outbox set state = 'delivered', lane_id = null, next_attempt_at = null, ended_at = syncline.now() where inbox_id = $1";
    await w.q(delivered, [owed]);
    await w.q(delivered, [gone]);
    await w.forward("23 h");
    assert.deepEqual(await tidied(), [owed, sent, gone, refused]);
    await w.forward("2 h");
    assert.deepEqual(await tidied(), [owed, sent, gone]);
    await w.forward("7 days");
    const waiting = await receive(w, ids, [about("T1")]);
    await w.forward("8 days");
    assert.deepEqual(await tidied(), [owed, sent, waiting]);
    await end(w, owed, "done");
    await w.q(delivered, [sent]);
    assert.deepEqual(await tidied(), [waiting]);
  },
  "what was about a deleted connection alone is shredded and cannot be replayed, what others share stays; an integration takes its events along":
    async (w) => {
      const ids = await scene(w);
      const alone = await receive(w, ids, [about("T2")]);
      const shared = await receive(w, ids, [about("T1"), about("T2")]);
      await handle(w);
      await w.q("select syncline.retire_connection($1)", [ids.other]);
      const tidy = async () => {
        while (await w.one("select has_more from syncline.tidy()"));
      };
      await tidy();
      const shown = async (event: number) => {
        const { has_content, events, connections } = await overview(w, event);
        return [has_content, events, connections?.replace(/\d+$/, "") ?? null];
      };
      assert.deepEqual(
        [await shown(alone), await shown(shared)],
        [
          [false, [], null],
          [true, ["push"], "customer"],
        ],
      );
      assert.match((await why(w, alone)).join(), /^content is gone: /);
      await w.refuses("SL005", /content is gone/, () => w.q("select syncline.replay_event($1)", [alone]));
      const [integration] = await w.q("select environment_id, unique_key from syncline.integrations where id = $1", [
        ids.integration,
      ]);
      await receive(w, ids, [about("T1")]);
      await receive(w, ids, [], { reason: "signature_mismatch" });
      await w.q("select syncline.delete_integration($1, $2)", [integration!.environment_id, integration!.unique_key]);
      await tidy();
      await handle(w);
      assert.equal(await w.one("select count(*)::int from syncline.inbox"), 0);
      await w.forward("60 days");
      await tidy();
      assert.equal(await w.one("select count(*)::int from syncline.integrations where id = $1", [ids.integration]), 0);
    },
  "a refused event that was judged again is taken, unless it came once more meanwhile": async (w) => {
    const ids = await scene(w);
    const refused = await receive(w, ids, [], { reason: "signature_mismatch" });
    const twin = await receive(w, ids, [about("T1")]);
    const accept = (key: string) =>
      w.q("select syncline.accept_refused($1, 'verified', 'd1', $2, $3)", [
        refused,
        Buffer.from(key),
        JSON.stringify([about("T1")]),
      ]);
    await w.q("update syncline.inbox set dedupe_key = 'd1' where id = $1", [twin]);
    await w.refuses("SL005", /event came again/, () => accept("d1"));
    await accept("d2");
    await handle(w);
    assert.deepEqual([(await overview(w, refused)).state, (await calls(w, refused)).length], ["handled", 1]);
    await w.refuses("SL005", /event is not refused/, () => accept("d2"));
  },
});
