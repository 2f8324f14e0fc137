// Runs a SQL script as `psql -X -q -A -a` does and gives what that prints: by psql where there is one, else by ourselves,
// for scripts that keep to statements that end with their line, and to \gset.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import pg from "pg";

const ARGS = ["-X", "-q", "-A", "-a", "-v", "ON_ERROR_STOP=1"];

export const hasPsql = (): boolean => spawnSync("psql", ["--version"]).status === 0;

// Not spawnSync: what the script waits for may be served by this process.
const byPsql = async (file: string, url: string): Promise<string> => {
  const child = spawn("psql", [...ARGS, "-f", file, url], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, complaint, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (status !== 0) throw new Error(`psql ended with ${status}: ${complaint}\n${out}`);
  return out;
};

const isWhole = (text: string): boolean => text.split("$$").length % 2 === 1 && /(;|\\gset)\s*$/.test(text);

const asTable = (result: pg.QueryArrayResult<(string | null)[]>): string[] => {
  if (result.fields.length === 0) return [];
  const count = `(${result.rows.length} ${result.rows.length === 1 ? "row" : "rows"})`;
  return [result.fields.map(({ name }) => name).join("|"), ...result.rows.map((row) => row.join("|")), count];
};

const byOurselves = async (file: string, url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url, application_name: "psql" });
  client.on("error", () => {}); // the query says it
  await client.connect();
  const printed: string[] = [];
  const variables = new Map<string, string>();
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  const execute = async (whole: string): Promise<void> => {
    const wantsVariables = /\\gset\s*$/.test(whole);
    const asked = whole.replace(/\\gset\s*$/, "").replace(/(?<!:):(\w+)/g, (as, name) => variables.get(name) ?? as);
    const result = await client.query<(string | null)[]>({ text: asked, rowMode: "array", types });
    if (!wantsVariables) printed.push(...asTable(result));
    else for (const [index, { name }] of result.fields.entries()) variables.set(name, result.rows[0]![index] ?? "");
  };
  try {
    let pending = "";
    for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
      if (line === "") continue; // psql does not print these either
      printed.push(line);
      if (pending === "" && line.startsWith("--")) continue;
      pending += `${line}\n`;
      if (!isWhole(pending)) continue;
      await execute(pending);
      pending = "";
    }
  } finally {
    await client.end();
  }
  return `${printed.join("\n")}\n`;
};

/** What the script prints; rejects when a statement fails. `SYNCLINE_TEST_PSQL=0` does without psql. */
export const runScript = async (file: string, url: string): Promise<string> =>
  process.env.SYNCLINE_TEST_PSQL !== "0" && hasPsql() ? byPsql(file, url) : await byOurselves(file, url);
