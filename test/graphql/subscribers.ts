// Subscribers as clients have them: the published clients, over WebSocket and as event streams.
import { createClient as createEventClient } from "graphql-sse";
import { type Client, createClient } from "graphql-ws";
import WebSocket from "ws";
import { DEV_KEY, type TestApi } from "../http/api.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type Result = { data?: any; errors?: any };

/** A client over WebSocket that does not connect again by itself; `over` replaces its options. */
export const socketClient = (
  api: Pick<TestApi, "url">,
  over: Partial<Parameters<typeof createClient>[0]> = {},
): Client =>
  createClient({
    url: `${api.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${DEV_KEY}` },
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    ...over,
  });

/** A client of event streams that does not connect again by itself. */
export const eventClient = (api: Pick<TestApi, "url">, key = DEV_KEY) =>
  createEventClient({ url: `${api.url}/graphql`, headers: { authorization: `Bearer ${key}` }, retryAttempts: 0 });

type Iterates = {
  iterate: (asked: { query: string; variables: Record<string, unknown> }) => AsyncIterableIterator<unknown>;
};

/** The events of a subscription: `next` gives the one field's value, and throws its errors. */
export const follow = (client: Iterates, query: string, variables: Record<string, unknown> = {}) => {
  const events = client.iterate({ query, variables }) as AsyncIterableIterator<Result>;
  return {
    // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
    next: async (): Promise<any> => {
      const { value, done } = await events.next();
      if (done) return undefined;
      if (value.errors !== undefined) throw value.errors;
      return Object.values(value.data)[0];
    },
    stop: async (): Promise<void> => void (await events.return?.()),
  };
};
