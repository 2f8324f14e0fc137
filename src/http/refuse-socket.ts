// Answers where there is no request to answer: what the parser could not read, or what came too slowly. They have the shape of
// every other failure, and the connection ends with them.
import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { AppError, type Code } from "../errors.ts";
import { errorBody } from "./errors.ts";

const LINGER_MS = 1_000; // for the client to read the answer before the connection is torn down

/** Write the failure to the connection and end it. */
export const refuseSocket = (socket: Duplex, code: Code): void => {
  const error = new AppError(code);
  const body = JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
};

const CODE_OF: Record<string, Code> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "request_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** Answers what the parser refuses. `isAnswering` says that an answer is on its way there: then the connection just ends. */
export const refuseUnreadable = (server: Server, isAnswering: (socket: Duplex) => boolean): void => {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || isAnswering(socket)) socket.destroy();
    else refuseSocket(socket, CODE_OF[error.code ?? ""] ?? "malformed_request");
  });
};
