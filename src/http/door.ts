// The listening socket. It opens before anything else is ready, so that /health answers at once, and serves the app once
// there is one.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "../errors.ts";

const DRAIN_MS = 5_000;

const whileStarting: RequestListener = (request, response) => {
  const isHealth = request.url === "/health";
  response.writeHead(isHealth ? 200 : 503, { "content-type": "application/json" });
  response.end(isHealth ? '{"result":"ok"}' : '{"error":{"code":"server_error","message":"The server is starting."}}');
};

export type Door = { url: string; serve: (app: RequestListener) => void; close: () => Promise<void> };

const explain = (error: NodeJS.ErrnoException, at: string): Error =>
  error.code === "EADDRINUSE"
    ? new AppError("port_in_use", `Another program listens on ${at}. Set PORT to another one.`, { cause: error })
    : error;

/** Listen. Rejects with `port_in_use` or the system's error. `close` lets running requests finish for 5 s. */
export const openDoor = async ({ host, port }: { host: string; port: number }): Promise<Door> => {
  let handler = whileStarting;
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, `${host}:${port}`)));
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
