// The listening socket. It opens before anything else is ready, so that /health answers at once, and serves the app once
// there is one. What cannot be read, or comes too slowly, does not get as far as the app.
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { errorBody } from "./errors.ts";
import { refuseUnreadable } from "./refuse-socket.ts";
import { PATIENCE, type Patience, watchClients } from "./slow-clients.ts";
import { isUpgrade, serveUpgrade } from "./upgrade.ts";

// Of the 10 s that a stop may take: what waits for a function or a provider is given up after 7, and answered so.
const DRAIN_MS = 7_700;
// Requests that are in a socket already are read before it is closed.
const QUIET_MS = 50;
const LINGER_MS = 1_000;
const HEADER_BYTES = 16 * 1024;
const MOST_CONNECTIONS = 5_000; // an idle one costs about 10 KB

const unready =
  (doing: "starting" | "stopping"): RequestListener =>
  (request, response) => {
    const isHealth = request.url === "/health";
    if (doing === "stopping") response.setHeader("connection", "close");
    response.writeHead(isHealth ? 200 : 503, { "content-type": "application/json" });
    response.end(
      isHealth ? '{"result":"ok"}' : `{"error":{"code":"server_error","message":"The server is ${doing}."}}`,
    );
  };

const whileStarting = unready("starting");
const whileStopping = unready("stopping");

export type Door = {
  url: string;
  serve: (app: RequestListener) => void;
  /**
   * Listens no more and answers later requests on open connections with 503. Running ones may finish for 7.7 s, or as long
   * as is said; resolves when none runs. The same however often called.
   */
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
  const answering = new Set<ServerResponse>();
  let onFewer = (): void => {};
  const serve: RequestListener = (request, response) => {
    // What becomes a socket has no end that could be waited for: those are told to go by who has them.
    if (!isUpgrade(request)) {
      answering.add(response);
      response.once("close", () => {
        answering.delete(response);
        onFewer();
      });
    }
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
  let closing: Promise<void> | undefined;
  const end = async (drainMs: number): Promise<void> => {
    handler = whileStopping;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const response of answering) if (!response.headersSent) response.setHeader("connection", "close");
    await new Promise<void>((resolve) => {
      const impatience = setTimeout(resolve, drainMs);
      const lookSoon = (): NodeJS.Timeout => setTimeout(look, Math.min(QUIET_MS, drainMs));
      const look = (): void => {
        if (answering.size > 0) return;
        clearTimeout(impatience);
        resolve();
      };
      onFewer = () => void (answering.size === 0 && lookSoon());
      lookSoon();
    });
    server.closeAllConnections();
    // Sockets that others hold have a second to go; the process ends with or without them.
    await Promise.race([closed, sleep(LINGER_MS, undefined, { ref: false })]);
  };
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound.port}`,
    serve: (app) => {
      handler = app;
    },
    close: ({ drainMs = DRAIN_MS } = {}) => {
      closing ??= end(drainMs);
      return closing;
    },
  };
};
