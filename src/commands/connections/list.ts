// `syncline connections list`, `show` and `delete`.
import type { Command } from "commander";
import { AppError } from "../../errors.ts";
import type { Api } from "../api.ts";
import { serverApi } from "../server-api.ts";
import { formatTable } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";

type Row = {
  id: number;
  connection_id: string;
  provider_config_key: string;
  provider: string;
  errors: { type: string; message: string | null; since: string | null }[];
  end_user: { id: string } | null;
  created: string;
};
type ListOptions = {
  integration?: string;
  search?: string;
  endUser?: string;
  failing?: true;
  limit: number;
  page: number;
  json?: true;
};
type OneOptions = { integration?: string; credentials?: true };

const wordsOf = ({ type, message, since }: Row["errors"][number]): string =>
  `${type}: ${message ?? "no reason was given"}${since === null ? "" : ` (since ${since})`}`;

const list = async ({ integration, search, endUser, failing, limit, page, json }: ListOptions): Promise<void> => {
  const query = { integrationId: integration, search, endUserId: endUser, limit, page };
  const { connections: all } = await serverApi().get<{ connections: Row[] }>("/connections", { query });
  const connections = failing ? all.filter(({ errors }) => errors.length > 0) : all;
  if (json) return console.log(JSON.stringify({ connections }));
  if (connections.length === 0) return console.log("There is none.");
  const rows = connections.map((one) => [
    one.created,
    one.provider_config_key,
    one.connection_id,
    one.end_user?.id,
    one.errors.map(wordsOf).join("; "),
  ]);
  console.log(formatTable(["created", "integration", "connection", "end user", "errors"], rows));
};

/** The integration of the connection of this id, where only one has one. */
const integrationOf = async (api: Api, id: string, given: string | undefined): Promise<string> => {
  if (given !== undefined) return given;
  const { connections } = await api.get<{ connections: Row[] }>("/connections", { query: { connectionId: id } });
  if (connections.length === 1) return connections[0]!.provider_config_key;
  if (connections.length === 0) throw new AppError("unknown_connection", `There is no connection "${id}".`);
  const names = connections.map((one) => one.provider_config_key).join(", ");
  throw new AppError("unknown_connection", `Say whose with --integration: ${names} have a connection "${id}".`);
};

const show = async (id: string, { integration, credentials }: OneOptions): Promise<void> => {
  const api = serverApi();
  const provider_config_key = await integrationOf(api, id, integration);
  if (credentials) {
    const path = `/connections/${encodeURIComponent(id)}`;
    console.log(JSON.stringify(await api.get(path, { query: { provider_config_key } }), null, 2));
    return;
  }
  // Nobody is shown its credentials, so nobody is written down as having seen them.
  const query = { connectionId: id, integrationId: provider_config_key };
  const { connections } = await api.get<{ connections: Row[] }>("/connections", { query });
  if (connections.length === 0) throw new AppError("unknown_connection", `There is no connection "${id}".`);
  console.log(JSON.stringify(connections[0], null, 2));
};

const remove = async (id: string, { integration }: OneOptions): Promise<void> => {
  const api = serverApi();
  const provider_config_key = await integrationOf(api, id, integration);
  await api.delete(`/connections/${encodeURIComponent(id)}`, { query: { provider_config_key } });
  console.log(`${provider_config_key}/${id} is gone, with its credentials and records.`);
};

export const addConnectionListCommands = (connections: Command): void => {
  const ofIntegration = ["--integration <key>", "its integration, where several have a connection of this id"] as const;
  connections
    .command("list")
    .description("connections, the newest first")
    .option("--integration <key>", "only of this integration")
    .option("--search <text>", "only whose id or end user has this in it")
    .option("--end-user <id>", "only of this end user")
    .option("--failing", "only those with errors, of the page")
    .option("--limit <count>", "how many, up to 1000", wholeNumber(1, 1000), 100)
    .option("--page <number>", "which page, from 0", wholeNumber(0, 1_000_000), 0)
    .option("--json", "print JSON")
    .action(list);
  connections
    .command("show <id>")
    .description("one connection, as JSON; without credentials unless asked for")
    .option(...ofIntegration)
    .option("--credentials", "with its credentials; the audit log says who saw them")
    .action(show);
  connections
    .command("delete <id>")
    .description("delete a connection with its credentials and records")
    .option(...ofIntegration)
    .action(remove);
};
