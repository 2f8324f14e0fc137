// Clients that are slow on purpose hold connections and memory of ours. What is asked of them: headers within 20 s; of a body
// 500 bytes a second on average after 20 s (the numbers of Apache's mod_reqtimeout); to take some of an answer every two
// minutes. Time in which we do not read costs them nothing, nor does an answer that takes its time: a stream may last for hours.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { refuseSocket } from "./refuse-socket.ts";

export type Patience = {
  headersMs: number;
  /** How long a body may take that says nothing, and how much it has to bring for each second more. */
  bodyMs: number;
  bodyBytesPerSecond: number;
  /** How long an answer may wait for the client to take any of it. */
  answerMs: number;
  /** How long a connection may stay without a request. */
  idleMs: number;
  /** How often bodies are looked at. */
  lookMs: number;
};

/** More than the minute after which most load balancers give up an idle connection: they should close it, not we. */
const IDLE_MS = 65_000;

export const PATIENCE: Patience = {
  headersMs: 20_000,
  bodyMs: 20_000,
  bodyBytesPerSecond: 500,
  answerMs: 120_000,
  idleMs: IDLE_MS,
  lookMs: 5_000,
};

const LINGER_MS = 1_000;

type Exchange = { req: IncomingMessage; res: ServerResponse; from: number; waitedMs: number };

// Our own turn: the handler has not taken what came, or has stopped the stream.
const isOurTurn = (req: IncomingMessage): boolean => req.isPaused() || req.readableLength >= req.readableHighWaterMark;

/** Keeps an eye on the exchanges of a server. `isAnswering` says whether an answer is being made for this connection. */
export const watchClients = (server: Server, patience: Patience): { isAnswering: (socket: Duplex) => boolean } => {
  const exchanges = new Set<Exchange>();
  const busy = new WeakMap<Duplex, number>();
  const isAnswering = (socket: Duplex): boolean => (busy.get(socket) ?? 0) > 0;

  const look = (): void => {
    for (const exchange of exchanges) {
      const { req, res } = exchange;
      if (req.complete || isOurTurn(req)) continue;
      exchange.waitedMs += patience.lookMs;
      const bytes = req.socket.bytesRead - exchange.from;
      if (exchange.waitedMs <= patience.bodyMs + (1000 * bytes) / patience.bodyBytesPerSecond) continue;
      exchanges.delete(exchange);
      if (res.headersSent) req.socket.destroy();
      else refuseSocket(req.socket, "request_timeout");
    }
  };

  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    const { socket } = req;
    const exchange: Exchange = { req, res, from: socket.bytesRead, waitedMs: 0 };
    exchanges.add(exchange);
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    res.once("finish", () => {
      // Answered before the body was read, a wrong key say: the rest is not worth reading.
      if (!req.complete) setTimeout(() => req.complete || socket.destroy(), LINGER_MS).unref();
    });
    res.once("close", () => {
      exchanges.delete(exchange);
      busy.set(socket, (busy.get(socket) ?? 1) - 1);
    });
  };

  server.headersTimeout = patience.headersMs;
  server.requestTimeout = 0; // a body that flows may take its time
  server.keepAliveTimeout = patience.idleMs;
  server.timeout = patience.answerMs;
  server.on("timeout", (socket) => {
    if (isAnswering(socket) && socket.writableLength === 0) socket.setTimeout(patience.answerMs);
    else socket.destroy();
  });
  for (const event of ["request", "checkContinue", "checkExpectation"]) server.prependListener(event, onRequest);
  const timer = setInterval(look, patience.lookMs).unref();
  server.once("close", () => clearInterval(timer));
  return { isAnswering };
};
