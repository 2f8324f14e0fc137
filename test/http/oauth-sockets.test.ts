// The sockets at which frontends wait are open to anybody: a flood of them shuts nobody out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import WebSocket from "ws";
import { createFlowSockets } from "../../src/http/oauth/sockets.ts";
import { createLogger } from "../../src/log.ts";
import { testDatabase } from "../helpers/database.ts";

test("where there are enough sockets, the address with the most of them makes room with its oldest", async (t) => {
  const db = await testDatabase(t);
  const sockets = createFlowSockets({ url: db.url, pool: db.pool, log: createLogger("silent"), mostSockets: 4 });
  t.after(sockets.close);
  const server = createServer();
  server.on("upgrade", (request, socket, head) =>
    sockets.take(Object.assign(request, { ip: String(request.headers["x-from"]) }) as never, socket, head),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const open = async (from: string): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { "x-from": from } });
    t.after(() => socket.terminate());
    await once(socket, "message");
    return socket;
  };
  const patient = await open("192.0.2.1");
  const flood = [await open("192.0.2.66"), await open("192.0.2.66"), await open("192.0.2.66")];
  for (const at of [0, 1]) {
    const closed = once(flood[at]!, "close");
    flood.push(await open("192.0.2.66"));
    assert.deepEqual((await closed)[0], 1013);
  }
  const closed = once(flood[2]!, "close");
  const late = await open("198.51.100.7");
  assert.deepEqual((await closed)[0], 1013);
  for (const socket of [patient, late]) assert.equal(socket.readyState, WebSocket.OPEN);
  const alsoClosed = once(flood[3]!, "close");
  await open("2001:db8::1");
  await alsoClosed;
  assert.equal(flood[4]!.readyState, WebSocket.OPEN);
});
