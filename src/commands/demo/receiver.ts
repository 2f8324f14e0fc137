// The demo's stand-in for a product's backend: takes webhooks and checks their signature, as a real one should.
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A sync webhook. `responseResults` says how many records of the model changed. */
export type SyncWebhook = {
  type: string;
  connectionId: string;
  model: string;
  success?: boolean;
  responseResults?: { added: number; updated: number; deleted: number };
};

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

const isSigned = (body: string, signature: unknown, key: string): boolean => {
  const expected = createHmac("sha256", key).update(body).digest();
  const given = Buffer.from(typeof signature === "string" ? signature : "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** Listens on `port`, or on a free one where that is taken. `received` grows by each webhook whose signature is right. */
export const startReceiver = async ({ port }: { port: number }) => {
  const received: SyncWebhook[] = [];
  let key: string | undefined;
  let refused = 0;
  let listener: (hook: SyncWebhook) => void = () => {};

  const take = async (request: IncomingMessage): Promise<number> => {
    const body = await text(request); // the bytes as sent: parsing and printing again would break the signature
    if (key === undefined || !isSigned(body, request.headers["x-nango-hmac-sha256"], key)) {
      refused += 1;
      return 401;
    }
    const hook = JSON.parse(body) as SyncWebhook;
    received.push(hook);
    listener(hook);
    return 200;
  };

  const server = createServer((request, response) => {
    take(request).then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(400).end(),
    );
  });
  const listen = async (wanted: number): Promise<void> => {
    server.listen(wanted, "127.0.0.1");
    await once(server, "listening"); // rejects with the server's "error"
  };
  await listen(port).catch(() => listen(0));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}/webhooks`,
    port: bound,
    received,
    refused: () => refused,
    /** Calls `next` at each webhook from now on. */
    onReceived: (next: (hook: SyncWebhook) => void): void => {
      listener = next;
    },
    /** The key that signs webhooks; without it all are refused. */
    trust: (signingKey: string): void => {
      key = signingKey;
    },
    close: async (): Promise<void> => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
