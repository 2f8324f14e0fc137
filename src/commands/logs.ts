// `syncline logs`: what happened, one line each; with --follow as it happens.
import { once } from "node:events";
import { styleText } from "node:util";
import { type Command, Option } from "commander";
import { AppError, hasCode } from "../errors.ts";
import type { Api } from "./api.ts";
import { createWindow, type Row } from "./log-window.ts";
import { serverApi } from "./server-api.ts";
import { wholeNumber } from "./whole-number.ts";

type Options = {
  follow?: true;
  run?: string;
  level?: string;
  kind?: string;
  connection?: string;
  limit: number;
  json?: true;
};
type Filter = { run?: string | undefined; level?: string | undefined; kind?: string | undefined; connection?: number };

const POLL_MS = 1_000;
const PAGE = 1_000;

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const COLORS = { debug: "gray", info: "green", warn: "yellow", error: "red" } as const;

const colored = (level: string): string => {
  const color = COLORS[level as keyof typeof COLORS] ?? "white";
  return styleText(color, level.padEnd(5), { stream: process.stdout });
};

const extras = (detail: unknown): string => {
  const { ms, attempt, retryInMs } = (detail ?? {}) as Record<string, unknown>;
  const parts = [
    typeof ms === "number" ? `${ms} ms` : "",
    typeof attempt === "number" && attempt > 1 ? `attempt ${attempt}` : "",
    typeof retryInMs === "number" ? `again in ${retryInMs} ms` : "",
  ];
  const text = parts.filter((part) => part !== "").join(", ");
  return text === "" ? "" : ` (${text})`;
};

/** One row as a line: local time, level, what it is about, what happened. */
export const formatRow = ({ at, level, kind, message, detail, ...row }: Row): string => {
  const time = CLOCK.format(new Date(at));
  const about = [row.provider_config_key, row.connection_id, row.function_name]
    .filter((part) => part !== null)
    .join("/");
  const run = row.run_id === null ? "" : ` run ${row.run_id}`;
  return `${time} ${colored(level)} ${kind.padEnd(7)} ${`${about}${run}`.trim()}  ${message}${extras(detail)}`;
};

// The API takes the number of a connection; people know its name.
const connectionNumber = async (api: Api, name: string): Promise<number> => {
  const query = { connectionId: name };
  const { connections } = await api.get<{ connections: { id: number; provider_config_key: string }[] }>(
    "/connections",
    { query },
  );
  if (connections.length === 1) return connections[0]!.id;
  if (connections.length === 0 && /^\d+$/.test(name)) return Number(name);
  if (connections.length === 0) throw new AppError("unknown_connection", `There is no connection "${name}".`);
  const choices = connections.map(({ id, provider_config_key: integration }) => `  ${id}  (${integration})`).join("\n");
  throw new AppError("unknown_connection", `Several integrations have a connection "${name}"; say which:\n${choices}`);
};

const follow = async (fetchAfter: (after: number) => Promise<Row[]>, first: Row[], show: (rows: Row[]) => void) => {
  const window = createWindow({ start: (first[0]?.id ?? 1) - 1, keepMs: 3 * POLL_MS, now: Date.now });
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]).then(() => true);
  show(window.take(first));
  let isAway = false;
  for (;;) {
    const pause = new Promise<false>((resolve) => setTimeout(resolve, POLL_MS, false));
    if (await Promise.race([stopped, pause])) return;
    try {
      show(window.take(await fetchAfter(window.from())));
      isAway = false;
    } catch (error) {
      if (!hasCode(error, "server_unreachable")) throw error;
      if (!isAway) process.stderr.write("The server is away; waiting for it.\n");
      isAway = true;
    }
  }
};

const run = async (options: Options): Promise<void> => {
  const api = serverApi();
  const filter: Filter = { run: options.run, level: options.level, kind: options.kind };
  if (options.connection !== undefined) filter.connection = await connectionNumber(api, options.connection);
  const fetchPage = async (page: { after?: number; limit: number }): Promise<Row[]> =>
    (await api.get<{ logs: Row[] }>("/logs", { query: { ...filter, ...page } })).logs;
  const fetchAfter = async (after: number): Promise<Row[]> => {
    const all = await fetchPage({ after, limit: PAGE });
    for (let last = all; last.length === PAGE; all.push(...last)) {
      last = await fetchPage({ after: last.at(-1)!.id, limit: PAGE });
    }
    return all;
  };
  const show = (rows: Row[]): void => {
    for (const row of rows) process.stdout.write(`${options.json ? JSON.stringify(row) : formatRow(row)}\n`);
  };
  process.stdout.on("error", () => process.exit(0)); // `syncline logs | head` closes the pipe
  const first = await fetchPage({ limit: options.limit });
  if (options.follow) await follow(fetchAfter, first, show);
  else show(first);
};

export const addLogsCommand = (program: Command): void => {
  program
    .command("logs")
    .description("show what happened: runs, requests to providers, messages of functions, webhooks, changes")
    .option("-f, --follow", "go on with new lines until Ctrl-C")
    .option("--run <id>", "only this run, by its number or its uuid")
    .addOption(new Option("--level <level>", "at least this level").choices(["debug", "info", "warn", "error"]))
    .addOption(
      new Option("--kind <kind>", "only this kind").choices(["run", "request", "message", "webhook", "change"]),
    )
    .option("--connection <id>", "only this connection")
    .option("--limit <count>", "how many of the newest lines, up to 1000", wholeNumber(1, PAGE), 100)
    .option("--json", "print each line as JSON")
    .action(run);
};
