// The listening socket. It opens before anything else is ready, so that /health answers at once, and serves the app once
// there is one.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

const DRAIN_MS = 5_000;

const whileStarting: RequestListener = (request, response) => {
  const isHealth = request.url === "/health";
  response.writeHead(isHealth ? 200 : 503, { "content-type": "application/json" });
  response.end(isHealth ? '{"result":"ok"}' : '{"error":{"code":"server_error","message":"The server is starting."}}');
};

export type Door = { url: string; serve: (app: RequestListener) => void; close: () => Promise<void> };

/** Listen. Rejects with the system's error (EADDRINUSE, EACCES). `close` lets running requests finish for 5 s. */
export const openDoor = async ({ host, port }: { host: string; port: number }): Promise<Door> => {
  let handler = whileStarting;
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound.port}`,
    serve: (app) => {
      handler = app;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      server.closeIdleConnections();
      await closed;
      clearTimeout(impatience);
    },
  };
};
