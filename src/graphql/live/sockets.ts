// GraphQL over WebSocket: the graphql-transport-ws protocol of the published client. The key is checked before anything
// runs: that of the request, or, as browsers can set no headers there, `authorization` in the connection's parameters. The
// origin does not matter, as everywhere else: no cookie or other ambient right is ever looked at.
import type { Duplex } from "node:stream";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { GraphQLError } from "postgraphile/graphql";
import { type WebSocket, WebSocketServer } from "ws";
import { AppError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import type { Asker, GraphqlRequest } from "../request.ts";
import { type Admission, type Admit, isStillAdmitted } from "./admission.ts";
import type { Operations, Prepared } from "./operations.ts";

const MOST_OPERATIONS = 100;
const MESSAGE_BYTES = 256 * 1024;
const INIT_MS = 10_000;
const LINGER_MS = 1_000;
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;

/** An upgrade that the HTTP server was asked for. */
export type Upgrade = { request: GraphqlRequest; socket: Duplex; head: Buffer; admit: Admit };

type Client = { socket: WebSocket; request: GraphqlRequest; admit: Admit; operations?: Operations; leave: () => void };

const reasonOf = (error: unknown): [code: number, reason: string] => {
  if (!(error instanceof AppError)) return [CloseCode.InternalServerError, "Something failed on our side."];
  const code = error.status === 401 || error.status === 403 ? CloseCode.Forbidden : TRY_AGAIN_LATER;
  return [code, error.message.slice(0, 120)]; // the protocol has room for 123 bytes
};

const bearerOf = (parameters: Record<string, unknown> | undefined): string | undefined => {
  const given = parameters?.authorization ?? parameters?.Authorization;
  return typeof given === "string" ? given : undefined;
};

/** Takes sockets. A ping comes behind all that was sent: who has not answered one a beat later is ended. */
export const createSockets = (deps: {
  operationsOf: (asker: Asker) => Promise<Operations>;
  admission: Admission;
  beatMs: number;
  log: Logger;
}) => {
  const { operationsOf, admission, log } = deps;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES,
    perMessageDeflate: false, // some 300 KB of memory a socket
    handleProtocols,
  });
  const clients = new Map<WebSocket, Client>();
  const answered = new WeakSet<WebSocket>();

  const connect = async (client: Client, authorization: string | undefined): Promise<void> => {
    const { key, ...asker } = await client.admit(authorization);
    const leave = admission.enter(key);
    if (!clients.has(client.socket)) return leave(); // it went away meanwhile
    client.leave = leave;
    client.request.graphql = asker;
    client.operations = await operationsOf(asker);
  };

  const protocol = makeServer<Record<string, unknown>, Client>({
    connectionInitWaitTimeout: INIT_MS,
    onConnect: async ({ extra: client, connectionParams }) => {
      try {
        await connect(client, bearerOf(connectionParams));
        return true;
      } catch (error) {
        if (!(error instanceof AppError)) log.error({ event: "live.failed", err: error }, "a socket was refused");
        client.socket.close(...reasonOf(error));
        return false;
      }
    },
    onSubscribe: async ({ extra: client, subscriptions, connectionParams }, id, payload) => {
      if (Object.keys(subscriptions).length > MOST_OPERATIONS) {
        return [new GraphQLError(`A socket carries ${MOST_OPERATIONS} operations at a time.`)];
      }
      try {
        await client.admit(); // counts like a request
      } catch (error) {
        return client.operations!.maskAll([
          new GraphQLError((error as Error).message, { originalError: error as Error }),
        ]);
      }
      return await client.operations!.prepare({ request: client.request, payload, id, connectionParams });
    },
    execute: (args) => (args as Prepared).run(),
    subscribe: (args) => (args as Prepared).run(),
    onNext: ({ extra: client }, _id, _payload, _args, result) => client.operations!.masked(result),
    onError: ({ extra: client }, _id, _payload, errors) => client.operations!.maskAll(errors),
  });

  const serve = (socket: WebSocket, client: Client): void => {
    clients.set(socket, client);
    answered.add(socket);
    socket.on("pong", () => answered.add(socket));
    socket.on("error", () => socket.terminate());
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // Resolves when the system has taken it: until then no further event is read for this client.
        send: (text) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) return resolve();
            socket.send(text, (error) => (error ? reject(error) : resolve()));
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) =>
          socket.on("message", (data) => {
            take(String(data)).catch((err) => {
              if (socket.readyState !== socket.OPEN) return;
              log.error({ event: "live.failed", err }, "a message of a socket could not be worked on");
              socket.close(CloseCode.InternalServerError, "Something failed on our side.");
            });
          }),
      },
      client,
    );
    socket.once("close", (code, reason) => {
      clients.delete(socket);
      client.leave();
      void closed(code, String(reason));
    });
  };

  const look = async (client: Client, withKey: boolean): Promise<void> => {
    const { socket, admit, operations } = client;
    if (!answered.delete(socket)) return socket.terminate();
    socket.ping();
    if (withKey && operations !== undefined && !(await isStillAdmitted(admit))) {
      socket.close(CloseCode.Forbidden, "The key is not good any more.");
    }
  };
  let beats = 0;
  const timer = setInterval(() => {
    beats += 1;
    for (const client of clients.values()) void look(client, beats % 2 === 0);
  }, deps.beatMs).unref();

  return {
    upgrade: ({ request, socket, head, admit }: Upgrade): void => {
      server.handleUpgrade(request, socket, head, (opened) => {
        serve(opened, { socket: opened, request, admit, leave: () => {} });
      });
    },
    /** Tell all to connect anew, elsewhere or in a moment. */
    close: async (): Promise<void> => {
      clearInterval(timer);
      const closing = [...clients.keys()].map((socket) => {
        socket.close(SERVICE_RESTART, "The server restarts.");
        const impatience = setTimeout(() => socket.terminate(), LINGER_MS);
        return new Promise<void>((resolve) =>
          socket.once("close", () => {
            clearTimeout(impatience);
            resolve();
          }),
        );
      });
      await Promise.all(closing);
    },
  };
};

export type Sockets = ReturnType<typeof createSockets>;
