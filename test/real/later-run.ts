// Ready-made functions in the whole product, each against an API made for its test, for its first run and later ones.
import type { TestContext } from "node:test";
import { json, type Seen, startServer } from "../outbound/server.ts";
import { isAfterConnecting } from "./after-connecting.ts";
import { productTests } from "./product.ts";
import { templatesOf } from "./templates.ts";

export type Answer = { status?: number; data: unknown };

type Options = { metadata?: Record<string, unknown>; connectionConfig?: Record<string, unknown> };

/** Tests of a file, and `start` for them: one function against an API that answers by this; its first run has ended. */
export const laterTests = (file: string) => {
  const { test, install } = productTests(file);
  const start = async (t: TestContext, of: string, answer: (url: URL, seen: Seen) => Answer, options: Options = {}) => {
    const [integration, name] = of.split("/") as [string, string];
    const asked: { url: URL; body: Buffer }[] = [];
    const api = await startServer(t, (seen, response) => {
      if (isAfterConnecting(integration, seen)) return json(response, 404, {});
      const url = new URL(seen.url, "http://api");
      asked.push({ url, body: seen.body });
      const { status = 200, data } = answer(url, seen);
      json(response, status, data);
    });
    const functions = (await templatesOf(integration)).filter((one) => one.name === name);
    const { nextWebhooks, run, records } = await install({ functions, apiUrl: api.url, token: "token", ...options });
    const [first] = await nextWebhooks(1);
    const live = async (model: string) =>
      (await records(model)).filter(({ _nango_metadata }) => _nango_metadata.deleted_at === null);
    return {
      first: first!,
      /** The queries of the requests since the last look. */
      asked: () => asked.splice(0).map(({ url }) => Object.fromEntries(url.searchParams)),
      /** The JSON bodies of the requests since the last look. */
      askedBodies: () => asked.splice(0).map(({ body }) => JSON.parse(body.toString())),
      run: () => run(name),
      live,
      ids: async (model: string) => (await live(model)).map(({ id }) => id).sort((a, b) => Number(a) - Number(b)),
    };
  };
  return { test, start };
};

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));
