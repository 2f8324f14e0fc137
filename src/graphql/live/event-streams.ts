// GraphQL over server-sent events: the "distinct connections mode" of the published client (graphql-sse): a POST that accepts
// text/event-stream is answered by events `next` and, at its end, `complete`.
import type { ServerResponse } from "node:http";
import { type ExecutionResult, GraphQLError } from "postgraphile/graphql";
import type { Asker, GraphqlRequest } from "../request.ts";
import { type Admission, type Admit, isStillAdmitted } from "./admission.ts";
import { isStream, type Operations } from "./operations.ts";

const PATIENCE_MS = 30_000;

/** A request whose key was checked and whose body was read. */
export type EventStreamAsked = {
  request: GraphqlRequest;
  response: ServerResponse;
  /** The number of its key. */
  key: number;
  admit: Admit;
};

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no", // nginx would collect events
};

// Resolves when the system has taken it; who takes nothing for half a minute is cut off.
const writeTo = (response: ServerResponse, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const impatience = setTimeout(() => response.destroy(), PATIENCE_MS).unref();
    response.write(text, (error) => {
      clearTimeout(impatience);
      if (error) reject(error);
      else resolve();
    });
  });

const eventOf = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;
const COMPLETE = "event: complete\ndata: \n\n";
const HEARTBEAT = ":\n\n";

const refuse = (response: ServerResponse, errors: readonly unknown[]): void => {
  const body = JSON.stringify({ errors });
  response.writeHead(400, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
};

/** Answers with event streams. */
export const createEventStreams = ({
  operationsOf,
  admission,
  beatMs,
}: {
  operationsOf: (asker: Asker) => Promise<Operations>;
  admission: Admission;
  beatMs: number;
}) => {
  const open = new Set<ServerResponse>();

  const send = async (
    response: ServerResponse,
    { masked, maskAll }: Operations,
    results: AsyncIterable<ExecutionResult>,
  ): Promise<void> => {
    const next = (result: ExecutionResult) => writeTo(response, eventOf("next", JSON.stringify(masked(result))));
    try {
      for await (const result of results) await next(result);
    } catch (error) {
      if (response.destroyed) return;
      const shown =
        error instanceof GraphQLError
          ? error
          : new GraphQLError((error as Error).message, { originalError: error as Error });
      await writeTo(response, eventOf("next", JSON.stringify({ errors: maskAll([shown]) })));
    }
    response.end(COMPLETE);
  };

  const answer = async ({ request, response, key, admit }: EventStreamAsked): Promise<void> => {
    const operations = await operationsOf(request.graphql);
    const prepared = await operations.prepare({ request, payload: request.graphql.body, id: "" });
    if (!("document" in prepared)) return refuse(response, operations.maskAll(prepared));
    const leave = admission.enter(key);
    const outcome = await prepared.run().catch((error) => {
      leave();
      throw error;
    });
    const results = isStream(outcome)
      ? outcome
      : (async function* () {
          yield outcome;
        })();
    let beats = 0;
    const beat = async (): Promise<void> => {
      beats += 1;
      if (response.writableLength === 0) response.write(HEARTBEAT);
      if (beats % 2 === 0 && !(await isStillAdmitted(admit))) response.destroy();
    };
    const timer = setInterval(beat, beatMs).unref();
    open.add(response);
    response.once("close", () => {
      clearInterval(timer);
      open.delete(response);
      leave();
      void results.return?.(undefined);
    });
    request.socket.setNoDelay(true);
    response.writeHead(200, HEADERS);
    response.write(HEARTBEAT);
    await send(response, operations, results).catch(() => response.destroy());
  };

  return {
    answer,
    /** End all, without a last event: their clients come again. */
    close: async (): Promise<void> => {
      const ending = [...open].map((response) => new Promise((resolve) => response.once("close", resolve).destroy()));
      await Promise.all(ending);
    },
  };
};

export type EventStreams = ReturnType<typeof createEventStreams>;
