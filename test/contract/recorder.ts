// Stands between a client and the server, hands everything on as it is, and keeps what was asked and answered.
import { Agent, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export type Exchange = {
  method: string;
  /** The path with its query, as it was asked. */
  target: string;
  requestBody: Buffer;
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
};

const readAll = async (message: IncomingMessage): Promise<Buffer> => Buffer.concat(await message.toArray());

/** A forwarder to `server`. An exchange is in the list before its answer has reached the client. */
export const recordExchanges = async (
  t: TestContext,
  server: string,
): Promise<{ url: string; exchanges: Exchange[] }> => {
  const exchanges: Exchange[] = [];
  const agent = new Agent({ keepAlive: true });
  const forwarder = createServer(async (asked, answer) => {
    const { method = "GET", url: target = "/" } = asked;
    const requestBody = await readAll(asked);
    const headers = asked.rawHeaders;
    const forwarded = request(`${server}${target}`, { method, headers, agent }, async (answered) => {
      const body = await readAll(answered);
      const { statusCode: status = 0 } = answered;
      exchanges.push({ method, target, requestBody, status, headers: answered.headers, body });
      answer.writeHead(status, answered.rawHeaders).end(body);
    });
    forwarded.on("error", () => answer.destroy());
    forwarded.end(requestBody);
  });
  await new Promise<void>((resolve) => forwarder.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    agent.destroy();
    forwarder.closeAllConnections();
    await new Promise((resolve) => forwarder.close(resolve));
  });
  return { url: `http://127.0.0.1:${(forwarder.address() as AddressInfo).port}`, exchanges };
};
