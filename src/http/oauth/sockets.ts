// The WebSocket of the published frontend: it is given an id, opens a popup with it, and waits to hear how that ended. The id is
// 32 random bytes and all that is asked of anybody: a socket hears of its own id only. The popup may come back to another
// process: results are rows, a notice says when to look, and while somebody waits we look by ourselves every 5 s.
import type { Duplex } from "node:stream";
import type { Express, Request, RequestHandler } from "express";
import { ipKeyGenerator } from "express-rate-limit";
import { type WebSocket, WebSocketServer } from "ws";
import { listen } from "../../db/listen.ts";
import { type FlowResult, findFlowResults } from "../../db/oauth-flows.ts";
import type { Pool } from "../../db/pool.ts";
import type { Logger } from "../../log.ts";
import { isUpgrade, takeSocket } from "../upgrade.ts";
import { newSecret, sha256 } from "./state.ts";

const PATH = "/";
const LOOK_MS = 5_000;
const LOOKS_BETWEEN_PINGS = 5;
const LONGEST_LIFE_MS = 15 * 60_000;
const MOST_SOCKETS = 2_000; // a process; some 20 KB each
const MAKES_ROOM = 1013; // try again later
const MESSAGE_BYTES = 1_024; // clients have nothing to say
const LINGER_MS = 1_000;
const SERVICE_RESTART = 1012;

type Notice = { client: string; type: string | null; desc: string | null };

export type FlowSockets = {
  take: (request: Request, socket: Duplex, head: Buffer) => void;
  close: () => Promise<void>;
};

const messageOf = ({ unique_key, connection_name, is_pending, error_type, error_desc }: FlowResult): object =>
  error_type === null
    ? { message_type: "success", provider_config_key: unique_key, connection_id: connection_name, is_pending }
    : { message_type: "error", provider_config_key: unique_key, error_type, error_desc: error_desc ?? "" };

/**
 * Who waits, by address. Sockets are open to anybody: when there are enough, the oldest of the address with the most makes room,
 * so that a flood of one address drives out its own. Behind a proxy that is not trusted all are of one address.
 */
const createRoom = (most: number) => {
  const byAddress = new Map<string, Set<WebSocket>>();
  let count = 0;
  const leave = (address: string, socket: WebSocket): void => {
    const there = byAddress.get(address);
    if (there?.delete(socket) !== true) return;
    count -= 1;
    if (there.size === 0) byAddress.delete(address);
  };
  const makeRoom = (): void => {
    const [address, there] = [...byAddress].reduce((one, other) => (other[1].size > one[1].size ? other : one));
    const [oldest] = there;
    leave(address, oldest!);
    oldest!.close(MAKES_ROOM, "Too many wait to connect: try again.");
    setTimeout(() => oldest!.terminate(), LINGER_MS).unref();
  };
  const enter = (address: string, socket: WebSocket): void => {
    if (count >= most) makeRoom();
    const there = byAddress.get(address) ?? new Set();
    byAddress.set(address, there.add(socket));
    count += 1;
    socket.once("close", () => leave(address, socket));
  };
  return { enter };
};

type Deps = { url: string; pool: Pool; log: Logger; mostSockets?: number };

/** The sockets of this process, 2,000 unless another number is given; it listens from the first one on. */
export const createFlowSockets = ({ url, pool, log, mostSockets = MOST_SOCKETS }: Deps): FlowSockets => {
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES, perMessageDeflate: false });
  /** By the SHA-256 of their id, in hex. */
  const waiting = new Map<string, WebSocket>();
  const answered = new WeakSet<WebSocket>();
  const room = createRoom(mostSockets);
  let listening: ReturnType<typeof listen> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looks = 0;

  const tell = (client: string, message: object): void => {
    const socket = waiting.get(client);
    waiting.delete(client);
    socket?.send(JSON.stringify(message), () => socket.close(1000));
  };

  const look = async (clients: string[]): Promise<void> => {
    if (clients.length === 0) return;
    const wsClientHashes = clients.map((hex) => Buffer.from(hex, "hex"));
    const results = await findFlowResults(pool, { wsClientHashes });
    for (const result of results) tell(result.ws_client_hash.toString("hex"), messageOf(result));
  };

  const lookSoon = (clients: string[]): void => {
    look(clients).catch((err) => log.debug({ event: "flow.not_looked", err }, "looking again in a while"));
  };

  const onNotice = (payload: string): void => {
    const { client, type, desc } = JSON.parse(payload) as Notice;
    if (!waiting.has(client)) return;
    if (type === null) lookSoon([client]);
    else tell(client, { message_type: "error", error_type: type, error_desc: desc ?? "" });
  };

  const beat = (): void => {
    looks += 1;
    lookSoon([...waiting.keys()]);
    if (looks % LOOKS_BETWEEN_PINGS !== 0) return;
    for (const socket of waiting.values()) {
      if (answered.delete(socket)) socket.ping();
      else socket.terminate();
    }
  };

  const start = (): void => {
    timer ??= setInterval(beat, LOOK_MS).unref();
    listening ??= listen({
      url,
      channel: "syncline_oauth_flows",
      applicationName: `syncline connect ${process.pid}`,
      onNotice,
      onListening: () => lookSoon([...waiting.keys()]),
      log,
    });
  };

  const serve = (socket: WebSocket): void => {
    start();
    const id = newSecret();
    const client = sha256(id).toString("hex");
    waiting.set(client, socket);
    answered.add(socket);
    const life = setTimeout(() => socket.close(1000), LONGEST_LIFE_MS).unref();
    socket.on("pong", () => answered.add(socket));
    socket.on("error", () => socket.terminate());
    socket.once("close", () => {
      clearTimeout(life);
      waiting.delete(client);
    });
    socket.send(JSON.stringify({ message_type: "connection_ack", ws_client_id: id }));
  };

  return {
    take: (request, socket, head) =>
      server.handleUpgrade(request, socket, head, (taken) => {
        room.enter(ipKeyGenerator(request.ip ?? ""), taken);
        serve(taken);
      }),
    close: async () => {
      clearInterval(timer);
      await listening?.close();
      for (const socket of server.clients) {
        socket.close(SERVICE_RESTART, "The server restarts.");
        setTimeout(() => socket.terminate(), LINGER_MS).unref();
      }
    },
  };
};

/** Adds the WebSocket at `/`. */
export const installFlowSockets = (app: Express, sockets: FlowSockets): void => {
  const upgrade: RequestHandler = (req, res, next) => {
    if (!isUpgrade(req)) return next();
    const taken = takeSocket(req, res);
    if (taken === undefined) return next();
    sockets.take(req, taken.socket, taken.head);
  };
  app.get(PATH, upgrade);
};
