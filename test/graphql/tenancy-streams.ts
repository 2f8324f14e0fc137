// Subscriptions as tenancy asks them: all at once with either key, until each has shown something to both.

import { until } from "../helpers/until.ts";
import { DEV_KEY, PROD_KEY } from "../http/api.ts";

type Stream = { key: string; name: string; document: string; text: string };

const listen = async (url: string, stream: Stream, signal: AbortSignal): Promise<void> => {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${stream.key}`,
      "content-type": "application/json",
      accept: "text/event-stream",
    },
    body: JSON.stringify({ query: stream.document }),
    signal,
  });
  const decoder = new TextDecoder();
  for await (const part of response.body as AsyncIterable<Uint8Array>)
    stream.text += decoder.decode(part, { stream: true });
};

/** The events in a stream, and the errors that it ended with. */
export const eventsOf = (text: string): { data: unknown; errors: { message: string }[] }[] =>
  [...text.matchAll(/^data: ?(\{.*\})$/gm)].map(([, json]) => ({
    data: null,
    errors: [],
    ...JSON.parse(json as string),
  }));

/** What documents (by the name of their field) show to dev and to prod. */
export const streamAll = async (
  url: string,
  documents: [string, string][],
): Promise<{ dev: Stream[]; prod: Stream[] }> => {
  const ends = new AbortController();
  const open = (key: string) =>
    documents.map(([name, document]) => {
      const stream: Stream = { key, name, document, text: "" };
      void listen(url, stream, ends.signal).catch(() => undefined); // it is cut off in the end
      return stream;
    });
  const [dev, prod] = [open(DEV_KEY), open(PROD_KEY)];
  const names = new Set(documents.map(([name]) => name));
  const hasShown = (streams: Stream[], name: string) =>
    streams.some((stream) => stream.name === name && eventsOf(stream.text).some(({ data }) => data !== null));
  await until("every subscription has shown something to both", async () =>
    [...names].every((name) => hasShown(dev, name) && hasShown(prod, name)),
  );
  ends.abort();
  return { dev, prod };
};
