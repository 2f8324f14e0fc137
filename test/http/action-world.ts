// A server with actions of every outcome, a connection in each environment, and a provider that answers when it is told to.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { startWorker } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import { compileTexts } from "../helpers/installation.ts";
import { until } from "../helpers/until.ts";
import { type CallOptions, of, PROD_KEY, testApi } from "./api.ts";

const action = (exec: string, schemas = "input: z.any(), output: z.any()", description = "An action"): string => `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({ description: "${description}", version: "1.0.0", ${schemas}, exec: async (nango, input) => {
${exec}
} });
`;

const TYPED = `input: z.object({ n: z.number() }), output: z.object({ twice: z.number() })`;

const FILES = {
  "crm/actions/twice.ts": action("return { twice: input.n === 13 ? 'no' : input.n * 2 };", TYPED, "Doubles a number"),
  "crm/actions/echo.ts": action("return input;"),
  "crm/actions/nothing.ts": action("", "input: z.void(), output: z.void()"),
  "crm/actions/refuse.ts": action("throw new nango.ActionError(input);"),
  "crm/actions/fail.ts": action(`throw new Error("broken");`),
  "crm/actions/get.ts": action(
    "return (await nango.get({ endpoint: input })).data;",
    "input: z.string(), output: z.any()",
  ),
  "crm/actions/unreachable.ts": action(`return nango.get({ endpoint: "/", baseUrlOverride: "http://127.0.0.1:1" });`),
  "crm/actions/large.ts": action(`return "x".repeat(2 * 1024 * 1024);`),
  "crm/actions/outer.ts": action(`return nango.triggerAction("crm", nango.connectionId, input.name);`),
  "crm/actions/count.ts": action(
    `const n = (await nango.getCheckpoint())?.n ?? 0; await nango.saveCheckpoint({ n: n + 1 });
     if (input === "once" && n === 0) throw new Error("not yet");
     return n;`,
  ),
  "crm/syncs/stuck.ts": `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({ description: "A sync", version: "1.0.0", frequency: "every day", autoStart: false, models: { Row: z.object({ id: z.string() }) },
  exec: async (nango) => void (await nango.get({ endpoint: "/held" })) });
`,
};

const startProvider = async (t: TestContext) => {
  let held: (() => void)[] = [];
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    if (request.url === "/held") held.push(() => send(200, { held: true }));
    else if (request.url === "/teapot") send(418, { short: "stout" }, { "x-ratelimit-left": "3", "x-secret": "s" });
    else send(200, { url: request.url });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when so many requests wait at /held. */
    waiting: (count: number) => until(`${count} requests are held`, () => held.length === count),
    release: () => {
      for (const answer of held.splice(0)) answer();
      held = [];
    },
  };
};

export const actionWorld = async (t: TestContext) => {
  const [api, provider, functions] = await Promise.all([testApi(t), startProvider(t), compileTexts(FILES)]);
  for (const key of [undefined, PROD_KEY]) {
    const options = key === undefined ? {} : { key };
    await api.integrate("crm", options);
    await api.deploy(functions, "all", options);
    await api.connect("crm", "one", { connection_config: { baseUrl: provider.url } }, options);
  }
  const trigger = (name: string, input?: unknown, headers: object = {}, options: CallOptions = {}) =>
    api.call("POST", "/action/trigger", {
      body: { action_name: name, ...(input !== undefined && { input }) },
      headers: { ...of("crm", "one"), ...headers },
      ...options,
    });
  const triggerAsync = async (name: string, input?: unknown, headers: object = {}, options: CallOptions = {}) =>
    (await trigger(name, input, { "x-async": "true", ...headers }, options)).body.id as string;
  const result = (id: string, options?: CallOptions) => api.call("GET", `/action/${id}`, options);
  const ended = (id: string, options?: CallOptions) =>
    until(`the action ${id} has ended`, async () => {
      const answer = await result(id, options);
      return answer.status !== 404 && answer;
    });
  const work = async () => {
    const worker = await startWorker({
      pool: api.db.pool,
      jobPool: api.db.newPool({ max: 9, options: "-c plan_cache_mode=force_custom_plan" }),
      executor: api.runs,
      keys: api.keys,
      allowPrivateHosts: ["127.0.0.0/8"],
      concurrency: 2,
      isAlone: false,
      log: createLogger("silent"),
    });
    t.after(worker.stop);
    return worker;
  };
  const runs = (where = "true") =>
    api.db.query(
      `select r.id, r.state, f.name from syncline.runs r join syncline.functions f on f.id = r.function_id where ${where}`,
    );
  return { ...api, provider, trigger, triggerAsync, result, ended, work, runsOf: runs };
};
