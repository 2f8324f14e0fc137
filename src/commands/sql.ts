// `syncline sql '<query>'`: ask the database, without psql and without knowing where it listens.
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { type Answer, ask } from "../db/ask.ts";
import { withDatabase } from "./database.ts";
import { formatTable } from "./table.ts";

type Options = { json?: true; database?: string };

const asJson = ({ columns, rows }: Answer): string =>
  JSON.stringify(rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))));

const asTable = ({ command, rowCount, columns, rows }: Answer): string => {
  if (columns.length === 0) return `${command} ${rowCount ?? ""}`.trimEnd();
  return `${formatTable(columns, rows)}\n(${rows.length} ${rows.length === 1 ? "row" : "rows"})`;
};

const run = async (argument: string, options: Options): Promise<void> => {
  const query = argument === "-" ? await text(process.stdin) : argument;
  const answers = await withDatabase(readConfig(), async (given) => {
    const url = new URL(given);
    if (options.database !== undefined) url.pathname = `/${options.database}`;
    return await ask(url.href, query);
  });
  for (const answer of answers) console.log(options.json ? asJson(answer) : asTable(answer));
};

export const addSqlCommand = (program: Command): void => {
  program
    .command("sql")
    .description("run SQL on the database of DATABASE_URL or of the data folder, and print what comes back")
    .argument("<query>", "the SQL, or - to read it from standard input")
    .option("--json", "print the rows as JSON")
    .option("--database <name>", "another database of the same server")
    .action(run);
};
