// The connections that subscriptions come over: whose they are, how long they last, what they carry.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { test } from "node:test";
import WebSocket from "ws";
import { DEV_KEY, testApi } from "../http/api.ts";
import { eventClient, follow, socketClient } from "./subscribers.ts";

const LOGS = "subscription { logAppended { cursor } }";
const PROTOCOL = "graphql-transport-ws";
const NAME = "{ environments { nodes { name } } }";

type Socket = InstanceType<typeof WebSocket>;

const closing = async (socket: Socket): Promise<[number, string]> => {
  const [code, reason] = await once(socket, "close");
  return [code, String(reason)];
};

test("the connections of subscriptions", async (t) => {
  const api = await testApi(t, { graphql: { beatMs: 500 } });
  const url = `${api.url.replace("http", "ws")}/graphql`;
  const open = (headers: Record<string, string> = {}, options: object = {}): Socket =>
    new WebSocket(url, PROTOCOL, { headers, ...options });
  const say = (socket: Socket, message: object): void => socket.send(JSON.stringify(message));
  const hear = async (socket: Socket): Promise<{ type: string; payload: unknown }> =>
    JSON.parse(String((await once(socket, "message"))[0]));
  const initiated = async (headers: Record<string, string>, payload: object = {}, options: object = {}) => {
    const socket = open(headers, options);
    await once(socket, "open");
    say(socket, { type: "connection_init", payload });
    return socket;
  };
  const dev = { authorization: `Bearer ${DEV_KEY}` };

  await t.test("a wrong key is refused before there is a socket, and a missing one before anything runs", async () => {
    const [, refused] = await once(open({ authorization: "Bearer wrong" }), "unexpected-response");
    assert.equal(refused.statusCode, 401);
    assert.deepEqual(await closing(await initiated({})), [4403, "The Authorization header is missing."]);
    const wrong = await initiated({}, { authorization: "Bearer wrong" });
    assert.equal((await closing(wrong))[0], 4403);
    const early = open(dev);
    await once(early, "open");
    say(early, { type: "subscribe", id: "1", payload: { query: NAME } });
    assert.equal((await closing(early))[0], 4401);
  });

  await t.test("a key of the header or of the parameters asks for its environment, queries too", async () => {
    for (const [headers, payload] of [
      [dev, {}],
      [{}, dev],
    ] as const) {
      const socket = await initiated(headers, payload);
      assert.equal((await hear(socket)).type, "connection_ack");
      say(socket, { type: "subscribe", id: "1", payload: { query: NAME } });
      assert.deepEqual((await hear(socket)).payload, { data: { environments: { nodes: [{ name: "dev" }] } } });
      socket.close();
    }
    const events = eventClient(api);
    assert.deepEqual((await events.iterate({ query: NAME }).next()).value, {
      data: { environments: { nodes: [{ name: "dev" }] } },
    });
  });

  await t.test("a revoked key ends its sockets and event streams", async () => {
    const { data: key } = await api.must("POST", "/environment/api-keys", { body: { display_name: "revoked" } });
    const parameters = { authorization: `Bearer ${key.secret}` };
    const client = socketClient(api, { connectionParams: parameters });
    const kept = follow(socketClient(api), LOGS);
    await kept.next();
    const subscribers = [follow(client, LOGS), follow(eventClient(api, key.secret), LOGS)];
    for (const one of subscribers) await one.next();
    await api.must("DELETE", "/environment/api-keys", { body: { id: key.id } });
    for (const one of subscribers) await assert.rejects(one.next());
    api.runs.logs.write({ environment_id: api.dev.id, kind: "message", level: "info", message: "still there" });
    assert.ok(await kept.next());
    await kept.stop();
  });

  await t.test("who does not answer pings is ended", async () => {
    const socket = await initiated(dev, {}, { autoPong: false });
    assert.equal((await closing(socket))[0], 1006);
  });

  await t.test("a socket carries 100 operations, and messages of a bounded size", async () => {
    const socket = await initiated(dev);
    await hear(socket);
    for (let id = 0; id <= 100; id++) say(socket, { type: "subscribe", id: `${id}`, payload: { query: LOGS } });
    const refused = await new Promise<{ id: string }>((resolve) => {
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.type === "error") resolve(message);
      });
    });
    assert.equal(refused.id, "100");
    socket.send("x".repeat(300 * 1024));
    assert.equal((await closing(socket))[0], 1009);
  });

  await t.test("a request that offers another protocol is answered as if it had not", async () => {
    const headers = {
      ...dev,
      "content-type": "application/json",
      connection: "Upgrade, HTTP2-Settings",
      upgrade: "h2c",
    };
    const asked = request(`${api.url}/graphql`, { method: "POST", headers });
    asked.end(JSON.stringify({ query: NAME }));
    const [response] = await once(asked, "response");
    assert.equal(response.statusCode, 200);
    response.resume();
  });

  await t.test("when the server stops, clients are told to come again", async () => {
    const socket = await initiated(dev);
    await hear(socket);
    const events = follow(eventClient(api), LOGS);
    await events.next();
    const ends = Promise.all([closing(socket), assert.rejects(events.next())]);
    await api.graphql.close();
    assert.deepEqual((await ends)[0], [1012, "The server restarts."]);
  });
});
