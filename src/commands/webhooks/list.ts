// `syncline webhooks list`, `show` and `replay`: what the app was told, and telling it again.
import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { serverApi } from "../server-api.ts";
import { formatTable } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";
import { counted } from "../words.ts";
import { when } from "./when.ts";

type Row = {
  id: string;
  kind: string;
  url: string;
  state: string;
  attempts: number;
  created_at: string;
  connection_id: string | null;
};
type Whole = Row & {
  body: unknown;
  event_id: string | null;
  attempted: { attempt: number; at: string; status: number | null; ms: number; error: string | null }[];
  reasons: { reason: string; detail: string | null }[];
};
type Filter = {
  state?: string;
  kind?: string;
  url?: string;
  connection?: string;
  integration?: string;
  since?: string;
  until?: string;
};
type ListOptions = Filter & { limit: number; json?: true };
type ReplayOptions = Filter & { dryRun?: true; json?: true };

const wire = ({ state, kind, url, connection, integration, since, until }: Filter) => ({
  state,
  kind,
  url,
  connection_id: connection,
  provider_config_key: integration,
  from: since,
  until,
});

const list = async ({ json, limit, ...filter }: ListOptions): Promise<void> => {
  const { webhooks } = await serverApi().get<{ webhooks: Row[] }>("/webhooks", { query: { ...wire(filter), limit } });
  if (json) return console.log(JSON.stringify({ webhooks }));
  if (webhooks.length === 0) return console.log("There is none.");
  const columns = ["created", "state", "kind", "attempts", "connection", "url", "id"];
  const rows = webhooks.map((one) => [
    one.created_at,
    one.state,
    one.kind,
    one.attempts,
    one.connection_id,
    one.url,
    one.id,
  ]);
  console.log(formatTable(columns, rows));
};

const show = async (id: string, { json }: { json?: true }): Promise<void> => {
  const { data } = await serverApi().get<{ data: Whole }>(`/webhooks/${encodeURIComponent(id)}`);
  if (json) return console.log(JSON.stringify(data));
  console.log(`${data.kind} to ${data.url}, made ${data.created_at}: ${data.state}`);
  for (const { reason, detail } of data.reasons) console.log(`  ${reason}: ${detail ?? ""}`);
  for (const { at, status, error, ms } of data.attempted) console.log(`  ${at}  ${status ?? error}  ${ms} ms`);
  if (data.event_id !== null) console.log(`passes on: syncline webhooks event ${data.event_id}`);
  console.log(JSON.stringify(data.body, null, 2));
};

const replay = async (id: string | undefined, { json, dryRun, ...filter }: ReplayOptions): Promise<void> => {
  const body = wire(filter);
  const isFiltered = Object.values(body).some((value) => value !== undefined);
  if ((id === undefined) !== isFiltered)
    throw new AppError(
      "invalid_body",
      "Name one webhook, or which: --state, --since, --url. See: syncline webhooks replay --help",
    );
  if (id !== undefined) {
    if (dryRun)
      throw new AppError("invalid_body", "--dry-run counts many; one is looked at by: syncline webhooks show");
    await serverApi().post(`/webhooks/${encodeURIComponent(id)}/replay`, {});
    return console.log(json ? JSON.stringify({ count: 1, dry_run: false }) : "It will be sent.");
  }
  const answer = await serverApi().post<{ count: number }>("/webhooks/replay", { ...body, dry_run: dryRun === true });
  if (json) return console.log(JSON.stringify(answer));
  console.log(`${counted(answer.count, "webhook")} ${dryRun ? "would" : "will"} be sent.`);
};

const filtered = (command: Command, states: string[]): Command =>
  command
    .addOption(new Option("--state <state>", "only these").choices(states))
    .addOption(
      new Option("--kind <kind>", "only these").choices([
        "sync",
        "auth",
        "forward",
        "async_action",
        "deletes_need_approval",
      ]),
    )
    .option("--url <url>", "only to this URL")
    .option("--connection <id>", "only of this connection")
    .option("--integration <key>", "only of this integration's connections")
    .option("--since <time>", "only made then or later: a time, or how long ago: 30m, 2h, 7d", when)
    .option("--until <time>", "only made before then", when);

export const addWebhookListCommands = (webhooks: Command): void => {
  filtered(webhooks.command("list").description("webhooks to the app, the newest first"), [
    "pending",
    "delivered",
    "dead",
  ])
    .option("--limit <count>", "how many, up to 1000", wholeNumber(1, 1000), 20)
    .option("--json", "print JSON")
    .action(list);
  webhooks
    .command("show <id>")
    .description("one webhook: its body, its attempts, and why it has not arrived")
    .option("--json", "print JSON")
    .action(show);
  filtered(
    webhooks
      .command("replay [id]")
      .description("send one webhook once more, or all that match; the receiver sees the same ids"),
    ["dead", "delivered"],
  )
    .option("--dry-run", "only count them")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample: syncline webhooks replay --state dead --since 1h --dry-run")
    .action(replay);
};
