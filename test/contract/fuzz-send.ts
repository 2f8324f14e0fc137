// Sends requests as they are, without the care that a client takes, and reads what comes back.
import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { Answered } from "./document.ts";
import type { Request } from "./fuzz-request.ts";

const LONGEST_MS = 30_000;

export type Sender = { send: (asked: Request) => Promise<Answered>; close: () => void };

/** One agent for many requests. Rejects when there is no answer. */
export const createSender = (url: string): Sender => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const send: Sender["send"] = ({ method, target, headers, body }) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": body.length };
      const { hostname, port } = new URL(url);
      const options = {
        hostname,
        port,
        path: target,
        method,
        agent,
        headers: { ...headers, ...length },
        timeout: LONGEST_MS,
      };
      const asked = request(options, (answer) => {
        const chunks: Buffer[] = [];
        const { statusCode: status = 0 } = answer;
        const type = answer.headers["content-type"];
        const done = () => resolve({ method, target, status, type, text: Buffer.concat(chunks).toString() });
        if (type?.startsWith("text/event-stream")) {
          done();
          asked.destroy();
        }
        answer
          .on("data", (chunk: Buffer) => chunks.push(chunk))
          .on("end", done)
          .on("error", reject);
      });
      asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
      asked.on("error", reject);
      asked.end(body);
    });
  return { send, close: () => agent.destroy() };
};

const PATIENCE_MS = 150; // for what may never be answered: half a request

/** Write these bytes to a socket; what came back until it was closed, or until nothing came for a while. */
export const sendRaw = (url: string, bytes: Buffer): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const chunks: Buffer[] = [];
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString("latin1"));
    };
    socket.setTimeout(PATIENCE_MS, done);
    socket
      .on("data", (chunk) => chunks.push(chunk))
      .on("close", done)
      .on("error", done);
  });
