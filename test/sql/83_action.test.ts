// 83_action.sql: actions whose result is kept: asynchronous ones, and those asked for under a key.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as actions from "../../src/db/actions.ts";
import * as runs from "../../src/db/runs.ts";
import { type Ids, makeFunction, makeSync, sqlTests, type World } from "../helpers/world.ts";

const SEALED = Buffer.from("sealed");
const HASH = Buffer.from("hash");

type Asked = { isAsync?: boolean; maxRetries?: number; key?: string | null; inputHash?: Buffer; name?: string };

const makeAction = async (w: World): Promise<Ids> => {
  const ids = await makeSync(w);
  await makeFunction(w, ids, { kind: "action", name: "send" });
  return ids;
};

const ask = (w: World, { connection }: Pick<Ids, "connection">, o: Asked = {}) => {
  const { isAsync = true, maxRetries = 0, key = null, inputHash = HASH, name = "send" } = o;
  return actions.askAction(w.db, {
    uid: randomUUID(),
    connection,
    name,
    isAsync,
    inputSealed: isAsync ? SEALED : null,
    maxRetries,
    key,
    inputHash: key === null ? null : inputHash,
    worker: "api",
  });
};

const claim = (w: World) => actions.claimAction(w.db, { worker: "w" });

const fenceOf = ({ id: run, token }: runs.Lease) => ({ run, token });

const rowOf = async (w: World, uid: string) =>
  (
    await w.q(
      "select state, attempts, due_at, error ->> 'type' as error, input_sealed is null as is_forgotten from syncline.actions where uid = $1",
      [uid],
    )
  )[0];

const fail = async (w: World, lease: runs.Lease, type = "script_http_error") =>
  actions.failAction(w.db, { ...fenceOf(lease), error: { type, message: "no" }, outcome: SEALED });

const result = (w: World, { environment }: Pick<Ids, "environment">, uid: string) =>
  actions.findActionResult(w.db, { environment, uid });

const tick = (w: World) => runs.tick(w.db, { limit: 10 });

const bells = (w: World) => w.one("select count(*) from graphile_worker.jobs where task_identifier = 'action'");

sqlTests("83_action", {
  "an action is started by its connection's names, and what is missing is told apart": async (w) => {
    const ids = await makeAction(w);
    const integration = await w.one("select unique_key from syncline.integrations where id = $1", [ids.integration]);
    const connection = await w.one("select connection_id from syncline.connections where id = $1", [ids.connection]);
    const named = { worker: "api", environment: ids.environment, integration, connection, name: "send" };
    const lease = await actions.startAction(w.db, named);
    assert.deepEqual([lease.connection_id, lease.sync_name, lease.kind], [ids.connection, "send", "action"]);
    const refused = (over: object, message: RegExp) =>
      w.refuses("SL002", message, () => actions.startAction(w.db, { ...named, ...over }));
    await refused({ environment: (await makeAction(w)).environment }, /^no such integration$/);
    await refused({ integration: "nothing" }, /^no such integration$/);
    await refused({ connection: "nobody" }, /^no such connection$/);
    await refused({ name: "nothing" }, /^no such function$/);
  },
  "an asynchronous action waits with a bell, is run once, and its result is there for its environment alone": async (
    w,
  ) => {
    const ids = await makeAction(w);
    const asked = await ask(w, ids);
    assert.deepEqual([asked.is_new, asked.state, asked.run_id], [true, "waiting", null]);
    assert.equal(await bells(w), 1);
    const lease = await claim(w);
    assert.deepEqual([lease?.sync_name, lease?.kind, lease?.token], ["send", "action", 1]);
    assert.equal(await claim(w), undefined);
    assert.deepEqual(await actions.getActionInput(w.db, { run: lease!.id }), { uid: asked.uid, input_sealed: SEALED });
    assert.equal(await result(w, ids, asked.uid), null);
    const outcome = Buffer.from("outcome");
    assert.equal(await actions.finishAction(w.db, { ...fenceOf(lease!), outcome }), 1);
    const found = { connection_id: ids.connection, outcome_sealed: outcome, error: null, run_id: lease!.id };
    assert.deepEqual(await result(w, ids, asked.uid), found);
    assert.equal(await result(w, await makeAction(w), asked.uid), null);
    const state = { state: "succeeded", attempts: 1, due_at: null, error: null, is_forgotten: true };
    assert.deepEqual(await rowOf(w, asked.uid), state);
    await w.refuses("SL001", /^lease lost$/, () => actions.finishAction(w.db, { ...fenceOf(lease!), outcome }));
  },
  "the app is told of the end, where it wants to know": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids);
    const end = async () => actions.finishAction(w.db, { ...fenceOf((await claim(w))!), outcome: SEALED });
    assert.equal(await end(), 1);
    const [sent] = await w.q("select kind, body, connection_id from syncline.outbox");
    const { connection_id: connectionId } = (
      await w.q("select connection_id from syncline.connections where id = $1", [ids.connection])
    )[0]!;
    const providerConfigKey = await w.one("select unique_key from syncline.integrations where id = $1", [
      ids.integration,
    ]);
    const payload = { id: uid, statusUrl: `/action/${uid}` };
    const body = { from: "nango", type: "async_action", connectionId, providerConfigKey, payload };
    assert.deepEqual(sent, { kind: "async_action", body, connection_id: ids.connection });
    await w.q("update syncline.environments set on_async_action_completion = false");
    await ask(w, ids);
    assert.equal(await end(), 0);
  },
  "a failed try waits 3 s, 6 s, 12 s for the next one, and only the last failure is told": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids, { maxRetries: 2 });
    for (const wait of ["3 s", "6 s"]) {
      assert.equal(await fail(w, (await claim(w))!), 0);
      assert.equal((await rowOf(w, uid))?.state, "waiting");
      assert.equal(await result(w, ids, uid), null);
      assert.equal(await claim(w), undefined);
      await w.forward(wait);
    }
    assert.equal(await fail(w, (await claim(w))!), 1);
    assert.deepEqual(await rowOf(w, uid), {
      state: "failed",
      attempts: 3,
      due_at: null,
      error: null,
      is_forgotten: true,
    });
    assert.deepEqual((await result(w, ids, uid))?.outcome_sealed, SEALED);
  },
  "an input that the action refuses is not tried again": async (w) => {
    const { uid } = await ask(w, await makeAction(w), { maxRetries: 5 });
    await fail(w, (await claim(w))!, "invalid_action_input");
    assert.equal((await rowOf(w, uid))?.state, "failed");
  },
  "one runs at a time in an environment, in the order of asking, and other environments do not wait for it": async (
    w,
  ) => {
    const [one, other] = [await makeAction(w), await makeAction(w)];
    const first = await ask(w, one);
    const second = await ask(w, one);
    const third = await ask(w, other);
    const uidOf = async (lease: runs.Lease | undefined) =>
      lease && (await actions.getActionInput(w.db, { run: lease.id })).uid;
    const running = await claim(w);
    assert.equal(await uidOf(running), first.uid);
    assert.equal(await uidOf(await claim(w)), third.uid);
    assert.equal(await claim(w), undefined);
    await fail(w, running!);
    assert.equal(await uidOf(await claim(w)), second.uid);
    const make = w.q(
      "update syncline.actions set state = 'waiting', due_at = syncline.now(), ended_at = null, input_sealed = 'x' where uid = $1",
      [first.uid],
    );
    await make;
    await w.refuses("23505", /actions_one_at_a_time_per_environment/, () =>
      w.q("update syncline.actions set state = 'running', due_at = null where uid = $1", [first.uid]),
    );
  },
  "one that no worker begins within 24 h fails, and the app is told": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids);
    await w.forward("24 h");
    assert.equal(await claim(w), undefined);
    await tick(w);
    assert.equal((await rowOf(w, uid))?.error, "execution_timeout");
    assert.equal(await w.one("select count(*) from syncline.outbox where kind = 'async_action'"), 1);
  },
  "one whose worker died is tried again where tries are left, and fails with worker_lost where none is": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids, { maxRetries: 1 });
    const first = await claim(w);
    await w.forward("21 s");
    await tick(w);
    assert.equal((await rowOf(w, uid))?.state, "waiting");
    await w.refuses("SL001", /^lease lost$/, () => fail(w, first!));
    await w.forward("3 s");
    await claim(w);
    await w.forward("21 s");
    await tick(w);
    assert.deepEqual([(await rowOf(w, uid))?.state, (await rowOf(w, uid))?.error], ["failed", "worker_lost"]);
    assert.deepEqual((await result(w, ids, uid))?.error, {
      type: "worker_lost",
      message: "the worker was lost while it ran this",
    });
  },
  "a cancelled one has failed, whatever tries were left; so has one of a deleted connection, when its turn comes":
    async (w) => {
      const ids = await makeAction(w);
      const cancelled = await ask(w, ids, { maxRetries: 5 });
      const waiting = await ask(w, ids);
      await runs.cancelRun(w.db, { run: (await claim(w))!.id });
      await w.q("select syncline.settle_actions()");
      await w.q("select syncline.retire_connection($1)", [ids.connection]);
      assert.equal(await claim(w), undefined);
      const states = [(await rowOf(w, cancelled.uid))?.error, (await rowOf(w, waiting.uid))?.error];
      assert.deepEqual(states, ["script_aborted", "not_found"]);
      assert.equal(await result(w, ids, cancelled.uid), null, "its key is shredded");
    },
  "one that was claimed and not begun goes back as it was": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids);
    const lease = await claim(w);
    await actions.releaseAction(w.db, fenceOf(lease!));
    assert.deepEqual([(await rowOf(w, uid))?.state, (await rowOf(w, uid))?.attempts], ["waiting", 0]);
    await w.q("select syncline.settle_actions()");
    const again = await claim(w);
    assert.notEqual(again?.id, lease!.id);
    assert.equal(await fail(w, again!), 1, "its one try");
  },
  "an action that is gone when its turn comes fails": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids);
    await w.q("update syncline.functions set is_active = false where kind = 'action'");
    assert.equal(await claim(w), undefined);
    assert.equal((await rowOf(w, uid))?.error, "not_found");
    await w.refuses("SL002", /^no such function$/, () => ask(w, ids));
    await w.refuses("SL002", /^no such function$/, () => ask(w, ids, { isAsync: false, key: "k" }));
  },
  "of all calls under one key one is run, and the others get what came of it, for 5 days": async (w) => {
    const ids = await makeAction(w);
    const keyed = { isAsync: false, key: "k1" };
    const first = await ask(w, ids, keyed);
    const lease = await actions.leaseOfRun(w.db, { run: first.run_id! });
    assert.deepEqual([first.is_new, lease.sync_name, lease.token], [true, "send", 1]);
    const second = await ask(w, ids, keyed);
    const { is_new, is_same_input, uid, state } = second;
    assert.deepEqual(
      { is_new, is_same_input, uid, state },
      { is_new: false, is_same_input: true, uid: first.uid, state: "running" },
    );
    assert.equal((await ask(w, ids, { ...keyed, inputHash: Buffer.from("other") })).is_same_input, false);
    assert.equal(await fail(w, lease), 0, "nobody is told: the caller waits for it");
    const third = await ask(w, ids, keyed);
    assert.deepEqual([third.is_new, third.state, third.outcome_sealed], [false, "failed", SEALED]);
    await w.forward("5 days");
    assert.equal((await ask(w, ids, keyed)).is_new, false);
    await w.forward("1 s");
    assert.equal((await ask(w, ids, keyed)).is_new, true);
  },
  "a key means something for one connection and one action": async (w) => {
    const ids = await makeAction(w);
    await makeFunction(w, ids, { kind: "action", name: "other" });
    const beside = await makeSync(w, { beside: ids });
    const keyed = { isAsync: false, key: "k1" };
    for (const one of [
      await ask(w, ids, keyed),
      await ask(w, ids, { ...keyed, name: "other" }),
      await ask(w, beside, keyed),
    ]) {
      assert.equal(one.is_new, true);
    }
    assert.equal((await ask(w, ids, { key: "k1" })).is_new, false, "asynchronous or not");
  },
  "results go 5 days after the end": async (w) => {
    const ids = await makeAction(w);
    const { uid } = await ask(w, ids);
    const waiting = await ask(w, ids, { maxRetries: 1 });
    await fail(w, (await claim(w))!);
    await fail(w, (await claim(w))!);
    await w.forward("5 days");
    await w.q("select syncline.tidy_actions(100)");
    assert.notEqual(await result(w, ids, uid), null);
    await w.forward("1 s");
    assert.equal(await w.one("select syncline.tidy_actions(100)"), 1);
    assert.equal(await result(w, ids, uid), null);
    assert.notEqual(await rowOf(w, waiting.uid), undefined);
  },
  "the tick rings for what is due, and not while another of its environment runs": async (w) => {
    const ids = await makeAction(w);
    await ask(w, ids);
    const silent = async () => {
      await w.q("delete from graphile_worker._private_jobs");
      await tick(w);
      return await bells(w);
    };
    assert.equal(await silent(), 1);
    const lease = await claim(w);
    await ask(w, ids);
    assert.equal(await silent(), 0);
    await fail(w, lease!);
    assert.equal(await silent(), 1);
  },
});
