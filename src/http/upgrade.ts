// Requests for a WebSocket are requests first: they go through the app like any other, so that keys, limits and the shape of
// refusals are the same, and only the route that takes them makes a socket of them. What asks for another protocol, as some
// clients do for HTTP/2 with every request, is answered as if it had not.
import { type IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Where there are sockets: subscriptions, and end users who connect. */
const PATHS = ["/graphql", "/"];

const heads = new WeakMap<IncomingMessage, Buffer>();

/** True for what is to become a WebSocket. */
export const isUpgrade = ({ method, url = "", headers }: IncomingMessage): boolean =>
  method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && PATHS.includes(url.split("?")[0]!);

/** Lets the app answer such a request, or take its socket. */
export const serveUpgrade =
  (serve: RequestListener) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as ServerResponse["socket"] & Duplex);
    socket.on("error", () => socket.destroy());
    response.once("finish", () => socket.end());
    heads.set(request, head);
    serve(request, response as Parameters<RequestListener>[1]);
  };

/** The socket of such a request and what came on it beyond the request; undefined for any other request. */
export const takeSocket = (
  request: IncomingMessage,
  response: ServerResponse,
): { socket: Duplex; head: Buffer } | undefined => {
  const head = heads.get(request);
  const { socket } = response;
  if (head === undefined || socket === null) return undefined;
  response.detachSocket(socket);
  return { socket, head };
};
