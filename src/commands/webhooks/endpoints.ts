// `syncline webhooks endpoints`, `pause`, `resume`, `probe`: the URLs to which webhooks go.
import type { Command } from "commander";
import { AppError } from "../../errors.ts";
import { serverApi } from "../server-api.ts";
import { formatTable } from "../table.ts";

type Json = { json?: true };

/** An endpoint as the API shows it. */
export type Endpoint = {
  id: number | null;
  url: string;
  status: string;
  pending: number;
  dead: number;
  delivered: number;
  p50_ms: number | null;
  p99_ms: number | null;
  last_status: number | null;
  last_error: string | null;
};

const ORDERS = {
  pause: { says: "send nothing more to a URL: what is to be sent waits", done: "It is paused." },
  resume: { says: "send again to a URL that was paused", done: "It is not paused." },
  probe: { says: "try a URL now that rests after failures or asked for a pause", done: "It will be tried." },
} as const;

export const fetchEndpoints = async (): Promise<Endpoint[]> =>
  (await serverApi().get<{ endpoints: Endpoint[] }>("/webhooks/endpoints")).endpoints;

/** Endpoints as a table. */
export const tableOf = (endpoints: Endpoint[]): string =>
  formatTable(
    ["id", "status", "pending", "dead", "delivered", "p50 ms", "p99 ms", "last", "url"],
    endpoints.map((one) => [
      ...[one.id, one.status, one.pending, one.dead, one.delivered, one.p50_ms, one.p99_ms],
      ...[one.last_error ?? one.last_status, one.url],
    ]),
  );

const show = async ({ json }: Json): Promise<void> => {
  const endpoints = await fetchEndpoints();
  if (json) console.log(JSON.stringify({ endpoints }));
  else console.log(endpoints.length === 0 ? "Nothing was sent yet." : tableOf(endpoints));
};

const numberOf = async (named: string): Promise<number> => {
  if (/^\d+$/.test(named)) return Number(named);
  const endpoints = await fetchEndpoints();
  const id = endpoints.find(({ url }) => url === named)?.id;
  if (id !== undefined && id !== null) return id;
  const known = endpoints.map((one) => `  ${one.id}  ${one.url}`).join("\n");
  throw new AppError("not_found", `Nothing is sent to ${named}.${known === "" ? "" : ` There are:\n${known}`}`);
};

export const addWebhookEndpointCommands = (webhooks: Command): void => {
  webhooks
    .command("endpoints")
    .description("how the URLs are doing to which webhooks go: pending, dead, and delivered in the last 24 hours")
    .option("--json", "print JSON")
    .action(show);
  for (const [order, { says, done }] of Object.entries(ORDERS)) {
    webhooks
      .command(`${order} <id-or-url>`)
      .description(says)
      .option("--json", "print JSON")
      .action(async (named: string, { json }: Json) => {
        const id = await numberOf(named);
        await serverApi().post(`/webhooks/endpoints/${id}/${order}`, {});
        console.log(json ? JSON.stringify({ success: true, id }) : done);
      });
  }
};
