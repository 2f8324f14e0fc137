// `syncline audit`: who changed what, and who saw credentials.
import type { Command } from "commander";
import { serverApi } from "./server-api.ts";
import { formatTable } from "./table.ts";
import { when } from "./webhooks/when.ts";
import { wholeNumber } from "./whole-number.ts";

type Entry = {
  at: string;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string | null;
  action: string;
  subject_name: string | null;
  subject_id: string | null;
  fields: string[];
  ip: string | null;
};
type Options = {
  since?: string;
  until?: string;
  actor?: string;
  action?: string;
  subject?: string;
  limit: number;
  json?: true;
};
type Page = { entries: Entry[]; next_cursor: string | null };

const PAGE = 1000;

const run = async ({ limit, json, ...filter }: Options): Promise<void> => {
  const api = serverApi();
  const entries: Entry[] = [];
  let cursor: string | null = null;
  do {
    const query = { ...filter, limit: Math.min(PAGE, limit - entries.length), cursor: cursor ?? undefined };
    const page: Page = await api.get<Page>("/audit-log", { query });
    entries.push(...page.entries);
    cursor = page.next_cursor;
  } while (cursor !== null && entries.length < limit);
  if (json) return console.log(JSON.stringify({ entries }));
  if (entries.length === 0) return console.log("There is none.");
  const rows = entries.map((one) => [
    one.at,
    `${one.actor_kind} ${one.actor_name ?? one.actor_id ?? ""}`.trimEnd(),
    one.action,
    one.subject_name ?? one.subject_id,
    one.fields.join(", "),
    one.ip,
  ]);
  console.log(formatTable(["at", "who", "did", "to", "fields", "from"], rows));
};

export const addAuditCommand = (program: Command): void => {
  program
    .command("audit")
    .description("who changed what and who saw credentials, the newest first")
    .option("--since <time>", "then or later: a time, or how long ago, such as 2h or 7d", when)
    .option("--until <time>", "before then", when)
    .option("--actor <actor>", "by whom: a kind such as api_key, or api_key:ci, operator:ann")
    .option("--action <action>", "what, such as connection.deleted")
    .option("--subject <subject>", "to what: a kind, or connection:hubspot/acme")
    .option("--limit <count>", "how many", wholeNumber(1, 100_000), 100)
    .option("--json", "print JSON")
    .action(run);
};
