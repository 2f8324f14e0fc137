// The listening socket. It opens before anything else is ready, so that /health answers at once, and serves the app once
// there is one. What cannot be read, or comes too slowly, does not get as far as the app.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "../errors.ts";
import { errorBody } from "./errors.ts";
import { refuseUnreadable } from "./refuse-socket.ts";
import { PATIENCE, type Patience, watchClients } from "./slow-clients.ts";
import { isUpgrade, serveUpgrade } from "./upgrade.ts";

const DRAIN_MS = 5_000;
const HEADER_BYTES = 16 * 1024;
const MOST_CONNECTIONS = 5_000; // an idle one costs about 10 KB

const whileStarting: RequestListener = (request, response) => {
  const isHealth = request.url === "/health";
  response.writeHead(isHealth ? 200 : 503, { "content-type": "application/json" });
  response.end(isHealth ? '{"result":"ok"}' : '{"error":{"code":"server_error","message":"The server is starting."}}');
};

export type Door = {
  url: string;
  serve: (app: RequestListener) => void;
  /** Running requests may finish for 5 s, or as long as is said. */
  close: (o?: { drainMs?: number }) => Promise<void>;
};

const explain = (error: NodeJS.ErrnoException, at: string): Error =>
  error.code === "EADDRINUSE"
    ? new AppError("port_in_use", `Another program listens on ${at}. Set PORT to another one.`, { cause: error })
    : error;

const refuse =
  (status: number, message: string): RequestListener =>
  (_request, response) => {
    const body = JSON.stringify(errorBody(new AppError("malformed_request", message)));
    const headers = { "content-type": "application/json; charset=utf-8", "content-length": body.length };
    response.writeHead(status, { ...headers, connection: "close" }).end(body);
  };

const withoutHost = refuse(400, "The Host header is missing.");

/** Listen. Rejects with `port_in_use` or the system's error. */
export const openDoor = async (
  { host, port }: { host: string; port: number },
  patience: Patience = PATIENCE,
): Promise<Door> => {
  let handler = whileStarting;
  const serve: RequestListener = (request, response) => {
    const isHostless = request.headers.host === undefined && request.httpVersion === "1.1";
    (isHostless ? withoutHost : handler)(request, response);
  };
  const server = createServer({
    maxHeaderSize: HEADER_BYTES,
    connectionsCheckingInterval: patience.lookMs,
    requireHostHeader: false, // Node's own refusal has no body
    shouldUpgradeCallback: isUpgrade,
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("request", serve);
  // Who asks first whether to send the body is told once the key is accepted.
  server.on("checkContinue", serve);
  server.on("upgrade", serveUpgrade(serve));
  server.on("checkExpectation", refuse(417, "Only 100-continue can be expected."));
  refuseUnreadable(server, watchClients(server, patience).isAnswering);
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
    close: async ({ drainMs = DRAIN_MS } = {}) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const impatience = setTimeout(() => server.closeAllConnections(), drainMs);
      server.closeIdleConnections();
      await closed;
      clearTimeout(impatience);
    },
  };
};
