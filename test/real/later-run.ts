// One ready-made function in the whole product, against an API made for the test, for its first run and later ones.
import type { TestContext } from "node:test";
import { json, type Seen, startServer } from "../outbound/server.ts";
import { startProduct } from "./product.ts";
import { templatesOf } from "./templates.ts";

export type Answer = { status?: number; data: unknown };

type Options = { metadata?: Record<string, unknown>; connectionConfig?: Record<string, unknown> };

/** One function against an API that answers by this; its first run has ended. */
export const start = async (
  t: TestContext,
  of: string,
  answer: (url: URL, seen: Seen) => Answer,
  options: Options = {},
) => {
  const [integration, name] = of.split("/") as [string, string];
  const asked: { url: URL; body: Buffer }[] = [];
  const api = await startServer(t, (seen, response) => {
    const url = new URL(seen.url, "http://api");
    asked.push({ url, body: seen.body });
    const { status = 200, data } = answer(url, seen);
    json(response, status, data);
  });
  const functions = (await templatesOf(integration)).filter((one) => one.name === name);
  const product = await startProduct(t);
  await product.install({ functions, apiUrl: api.url, token: "token", ...options });
  const [first] = await product.nextWebhooks(1);
  const live = async (model: string) => {
    const records = await product.records(integration, model);
    return records.filter(({ _nango_metadata }) => _nango_metadata.deleted_at === null);
  };
  return {
    first: first!,
    /** The queries of the requests since the last look. */
    asked: () => asked.splice(0).map(({ url }) => Object.fromEntries(url.searchParams)),
    /** The JSON bodies of the requests since the last look. */
    askedBodies: () => asked.splice(0).map(({ body }) => JSON.parse(body.toString())),
    run: () => product.run(functions[0]!),
    live,
    ids: async (model: string) => (await live(model)).map(({ id }) => id).sort((a, b) => Number(a) - Number(b)),
  };
};

export const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));
